// An OpenAI-compatible provider that answers at once: the least that a client can wait for. One thread, epoll, HTTP/1.1
// with keep-alive, a fixed reply of about 300 bytes to every POST. `mock_provider PORT`; port 0 takes a free one, which
// the first line of stdout names.
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
#include <unistd.h>

#define MOST 65536
#define ROOM 65536

static const char body[] =
    "{\"id\":\"chatcmpl-mock\",\"object\":\"chat.completion\",\"created\":0,\"model\":\"mock\",\"choices\":[{\"index\":0,"
    "\"message\":{\"role\":\"assistant\",\"content\":\"The answer is 42.\"},\"logprobs\":null,\"finish_reason\":\"stop\"}],"
    "\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":6,\"total_tokens\":18}}";
static char reply[1024];
static size_t reply_length;

struct connection {
    char bytes[ROOM];
    size_t length;
};
static struct connection *connections[MOST];

// Length of the request at the start of `bytes`, 0 where it isn't whole yet.
static size_t request_length(const char *bytes, size_t length) {
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = (size_t)(end - bytes) + 4, content = 0;
    for (const char *line = bytes; line < end; line = (const char *)memchr(line, '\n', (size_t)(end + 2 - line)) + 1)
        if (!strncasecmp(line, "content-length:", 15)) content = strtoul(line + 15, NULL, 10);
    return head + content <= length ? head + content : 0;
}

static int serve(int fd) {
    struct connection *c = connections[fd];
    ssize_t got = read(fd, c->bytes + c->length, ROOM - c->length);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
    c->length += (size_t)got;
    size_t used = 0, one;
    while ((one = request_length(c->bytes + used, c->length - used))) {
        if (write(fd, reply, reply_length) != (ssize_t)reply_length) return 0;
        used += one;
    }
    c->length -= used;
    memmove(c->bytes, c->bytes + used, c->length);
    return c->length < ROOM;
}

int main(int count, char **arguments) {
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
        int ready = epoll_wait(poll, events, 256, -1);
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (fd != listener) {
                if (!serve(fd)) close(fd);
                continue;
            }
            int accepted;
            while ((accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                if (accepted >= MOST) { close(accepted); continue; }
                setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                if (!connections[accepted]) connections[accepted] = malloc(sizeof(struct connection));
                connections[accepted]->length = 0;
                event.data.fd = accepted;
                epoll_ctl(poll, EPOLL_CTL_ADD, accepted, &event);
            }
        }
    }
}
