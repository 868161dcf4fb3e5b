"""A local server that speaks the Messages API: real HTTP, scripted answers."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def text(said):
    return {"type": "text", "text": said}


def tool_use(name, **arguments):
    return {"type": "tool_use", "name": name, "input": arguments}


class Request:
    """One request as the script sees it."""

    def __init__(self, body):
        self.body = body
        self.system = body["system"]
        self.messages = body["messages"]
        self.tools = {tool["name"] for tool in body["tools"]}

    @property
    def turn(self):
        """How many answers this conversation has had."""
        return sum(message["role"] == "assistant" for message in self.messages)

    @property
    def prompt(self):
        return self.messages[0]["content"]

    @property
    def results(self):
        """The tool results that came with this request."""
        content = self.messages[-1]["content"]
        return content if isinstance(content, list) else []


class MessagesServer(ThreadingHTTPServer):
    """Gives each request to `script` and sends what it returns as a message."""

    daemon_threads = True

    def __init__(self, script):
        super().__init__(("127.0.0.1", 0), Handler)
        self.script = script
        self.requests = []
        self.faults = []
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, headers, body):
        request = Request(body)
        with self.lock:
            self.requests.append(request)
            number = len(self.requests)
        key = headers["x-api-key"] or headers["authorization"].removeprefix("Bearer ")
        assert key == "test-key"
        assert headers["anthropic-version"]
        content = self.script(request)
        for index, block in enumerate(content):
            if block["type"] == "tool_use":
                assert block["name"] in request.tools
                block["id"] = f"toolu_{number}_{index}"
        calls = any(block["type"] == "tool_use" for block in content)
        return {
            "id": f"msg_{number}",
            "type": "message",
            "role": "assistant",
            "model": body["model"],
            "content": content,
            "stop_reason": "tool_use" if calls else "end_turn",
            "stop_sequence": None,
            "usage": {"input_tokens": 10, "output_tokens": 5},
        }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        assert self.path.split("?")[0] == "/v1/messages"
        try:
            status, answer = 200, self.server.answer(self.headers, body)
        except Exception as error:
            self.server.faults.append(error)
            status, answer = (
                400,
                {
                    "type": "error",
                    "error": {"type": "invalid_request_error", "message": repr(error)},
                },
            )
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments):
        pass


@contextmanager
def messages_server(script):
    server = MessagesServer(script)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
