// An OpenAI-compatible provider that answers at once: the least that a client can wait for. One thread, epoll, HTTP/1.1
// with keep-alive, a fixed reply of about 300 bytes to every POST, or a stream where the body says "stream":true: a chunk
// each INTERVAL, whose content is the time of its writing in microseconds of CLOCK_MONOTONIC. GET says how many POSTs came,
// and when the first did.
//
//     mock_provider [PORT [CHUNKS [MILLISECONDS]]]     port 0 takes a free one; the first line of stdout is the base URL
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MOST 65536
#define ROOM 65536

static const char body[] =
    "{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion\",\"created\":0,\"model\":\"mock\",\"choices\":[{\"index\":0,"
    "\"message\":{\"role\":\"assistant\",\"content\":\"The answer is 42.\"},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
    "\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":6,\"total_tokens\":18}}";
static const char stream_head[] =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
static char reply[1024];
static size_t reply_length;
static long posts, first_post;              // `first_post` in microseconds
static int chunks = 100;
static long interval = 20000;               // microseconds

struct connection {
    char bytes[ROOM];
    size_t length;
    int chunks_left;                        // 0: no stream
    long due;                               // of the next chunk, in microseconds
};
static struct connection *connections[MOST];
static int streaming[MOST], streams;        // descriptors of the connections with a stream

static long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000L + time.tv_nsec / 1000;
}

// Length of the request at the start of `bytes`, 0 where it isn't whole yet; `head` is where its body begins.
static size_t request_length(const char *bytes, size_t length, size_t *head) {
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t content = 0;
    *head = (size_t)(end - bytes) + 4;
    for (const char *line = bytes; line < end; line = (const char *)memchr(line, '\n', (size_t)(end + 2 - line)) + 1)
        if (!strncasecmp(line, "content-length:", 15)) content = strtoul(line + 15, NULL, 10);
    return *head + content <= length ? *head + content : 0;
}

static int wants_stream(const char *bytes, size_t length) {
    const char *key = memmem(bytes, length, "\"stream\"", 8), *end = bytes + length;
    if (!key) return 0;
    for (key += 8; key < end && (*key == ':' || *key == ' ');) key++;
    return end - key >= 4 && !memcmp(key, "true", 4);
}

static int send_all(int fd, const char *bytes, size_t length) { return write(fd, bytes, length) == (ssize_t)length; }

// One event of a stream as one chunk of HTTP.
static int send_event(int fd, const char *event) {
    char chunk[1024];
    int length = snprintf(chunk, sizeof chunk, "%zx\r\ndata: %s\n\n\r\n", strlen(event) + 8, event);
    return send_all(fd, chunk, (size_t)length);
}

static int send_chunk(int fd, struct connection *c) {
    static const char shape[] =
        "{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"mock\",\"choices\":[{\"index\":0,"
        "\"delta\":{\"role\":\"assistant\",\"content\":\"%ld \"},\"finish_reason\":%s}]}";
    char event[512];
    int is_last = --c->chunks_left == 0;
    snprintf(event, sizeof event, shape, now(), is_last ? "\"stop\"" : "null");
    if (!send_event(fd, event)) return 0;
    if (!is_last) return c->due += interval, 1;
    static const char usage[] =
        "{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion.chunk\",\"created\":0,\"model\":\"mock\",\"choices\":[],"
        "\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":6,\"total_tokens\":18}}";
    return send_event(fd, usage) && send_event(fd, "[DONE]") && send_all(fd, "0\r\n\r\n", 5);
}

static int begin_stream(int fd, struct connection *c) {
    if (c->chunks_left || !send_all(fd, stream_head, sizeof stream_head - 1)) return 0;
    c->chunks_left = chunks;
    c->due = now();
    streaming[streams++] = fd;
    return 1;
}

static int tell(int fd) {
    char text[256], json[128];
    int length = snprintf(json, sizeof json, "{\"posts\":%ld,\"first\":%ld.%06ld}", posts, first_post / 1000000, first_post % 1000000);
    length = snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s", length, json);
    return send_all(fd, text, (size_t)length);
}

static int answer(int fd, struct connection *c, const char *request, size_t head, size_t length) {
    if (!strncmp(request, "GET ", 4)) return tell(fd);
    if (!posts++) first_post = now();
    if (wants_stream(request + head, length - head)) return begin_stream(fd, c);
    return send_all(fd, reply, reply_length);
}

static int serve(int fd) {
    struct connection *c = connections[fd];
    ssize_t got = read(fd, c->bytes + c->length, ROOM - c->length);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
    c->length += (size_t)got;
    size_t used = 0, one, head = 0;
    while ((one = request_length(c->bytes + used, c->length - used, &head))) {
        if (!answer(fd, c, c->bytes + used, head, one)) return 0;
        used += one;
    }
    c->length -= used;
    memmove(c->bytes, c->bytes + used, c->length);
    return c->length < ROOM;
}

static void forget_stream(int fd) {
    connections[fd]->chunks_left = 0;
    for (int i = 0; i < streams; i++)
        if (streaming[i] == fd) {
            streaming[i] = streaming[--streams];
            return;
        }
}

static void end(int fd) {
    forget_stream(fd);
    close(fd);
}

// Writes the chunks that are due; the milliseconds until the next one is, -1 where there is no stream.
static int go_on(void) {
    long next = -1;
    for (int i = streams - 1; i >= 0; i--) {        // what takes the place of a stream that ended was seen already
        int fd = streaming[i];
        struct connection *c = connections[fd];
        if (c->due <= now() && !send_chunk(fd, c)) {
            end(fd);
            continue;
        }
        if (!c->chunks_left) forget_stream(fd);
        else if (next < 0 || c->due < next) next = c->due;
    }
    if (next < 0) return -1;
    long left = next - now();
    return left <= 0 ? 0 : (int)((left + 999) / 1000);
}

static void greet(int listener, int poll) {
    int accepted, on = 1;
    while ((accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (accepted >= MOST) { close(accepted); continue; }
        setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (!connections[accepted]) connections[accepted] = calloc(1, sizeof(struct connection));
        connections[accepted]->length = 0;
        struct epoll_event event = {.events = EPOLLIN, .data.fd = accepted};
        epoll_ctl(poll, EPOLL_CTL_ADD, accepted, &event);
    }
}

int main(int count, char **arguments) {
    if (count > 2) chunks = atoi(arguments[2]);
    if (count > 3) interval = atol(arguments[3]) * 1000;
    reply_length = (size_t)snprintf(
        reply, sizeof reply, "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n%s", sizeof body - 1, body);
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((unsigned short)(count > 1 ? atoi(arguments[1]) : 0));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    socklen_t size = sizeof address;
    if (bind(listener, (struct sockaddr *)&address, size) || listen(listener, 4096)) return perror("mock_provider"), 1;
    getsockname(listener, (struct sockaddr *)&address, &size);
    printf("http://127.0.0.1:%d/v1\n", ntohs(address.sin_port));
    fflush(stdout);
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(poll, events, 256, go_on());
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd == listener) greet(listener, poll);
            else if (!serve(fd)) end(fd);
        }
    }
}
