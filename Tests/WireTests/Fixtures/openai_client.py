"""The official client against our server, whole and streamed, with tools and with failures: prints "ok".

Run as: openai_client.py http://HOST:PORT/v1
"""
import json
import sys

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key="none", max_retries=0, timeout=30)
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {
    "type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}}}}]


def ask(text, **options):
    return client.chat.completions.create(model="baton", messages=[{"role": "user", "content": text}], **options)


assert [model.id for model in client.models.list()][0] == "baton"
assert client.models.retrieve("baton").id == "baton"

whole = ask("one two three")
assert whole.choices[0].message.content == "one two three" and whole.model == "baton"
assert whole.usage.prompt_tokens == 5 and whole.usage.completion_tokens == 2

raw = client.chat.completions.with_raw_response.create(model="baton", messages=[{"role": "user", "content": "hi"}])
assert raw.headers["x-baton-worker"] == "inner-1" and raw.headers["x-baton-cost"] == "0.00"

chunks = list(ask("one two three", stream=True))
assert [chunk.choices[0].delta.content for chunk in chunks] == ["one ", "two ", "three "]
assert all(chunk.model == "baton" for chunk in chunks)

chunks = list(ask("one two", stream=True, stream_options={"include_usage": True}))
assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens == 7

call = ask("17 + 25", tools=TOOLS).choices[0].message.tool_calls[0]
assert call.function.name == "add" and json.loads(call.function.arguments) == {"a": 17, "b": 25}

pieces = [chunk.choices[0].delta.tool_calls[0].function for chunk in ask("17 + 25", tools=TOOLS, stream=True)]
assert pieces[0].name == "add" and json.loads("".join(piece.arguments for piece in pieces)) == {"a": 17, "b": 25}


def refused(error, text, model="baton", **options):
    try:
        reply = client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}], **options)
        for _ in reply if options.get("stream") else []:
            pass
    except error as caught:
        return caught
    raise AssertionError(f"no {error.__name__} for {text!r}")


assert refused(openai.NotFoundError, "hi", model="nobody").code == "model_not_found"
assert refused(openai.BadRequestError, "fail").code == "context_length_exceeded"
assert refused(openai.APIError, "break here", stream=True).code == "worker_interrupted"
try:
    client.chat.completions.create(model="baton", messages=[])
    raise AssertionError("no messages, and no error")
except openai.BadRequestError as caught:
    assert caught.param == "messages"

print("ok")
