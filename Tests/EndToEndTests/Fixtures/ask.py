#!/usr/bin/env python3
"""Asks an HTTP server what stands on stdin, a JSON list of {"method", "path", "body"?}, one after the other; prints a JSON
list of {"status", "headers", "text"}. A client that shares no code with the server."""
import http.client
import json
import sys


def ask(address, request):
    connection = http.client.HTTPConnection(address, timeout=60)
    body = json.dumps(request["body"]) if "body" in request else None
    connection.request(request["method"], request["path"], body, {"content-type": "application/json"})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return {"status": response.status, "headers": {name.lower(): value for name, value in response.getheaders()}, "text": text}


print(json.dumps([ask(sys.argv[1], request) for request in json.load(sys.stdin)]))
