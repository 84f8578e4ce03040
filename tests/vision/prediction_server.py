"""A prediction server of the Open Inference Protocol v2, as a process of its own: what each model does is its name.

`python -m tests.vision.prediction_server` prints its port and serves until its standard input closes.
"""

import json
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

LENGTH = "Inference-Header-Content-Length"
# A server without versions has a name for each.
PATH = re.compile(r"/v2/models/(?:([\w-]+)/versions/(\d+)|(\w+-(\d+)))/infer")
asked: Counter[str] = Counter()


def outputs_of(batch: np.ndarray, name: str, version: str) -> dict[str, np.ndarray]:
    """Return what the light meter says: the brighter, the more a defect; its second version is for the dark."""
    light = batch.mean(axis=(1, 2, 3))
    logits = np.stack([np.zeros_like(light), (-8 if version == "2" else 8) * light], axis=1)
    if name == "nan":
        logits[:] = np.nan
    wide = 3 if name == "wide" else 2
    maps = np.zeros((len(batch), wide, 24, 24), dtype=np.float32)
    return {"logits": np.resize(logits, (len(batch), wide)), "maps": maps, "embedding": batch.mean(axis=(2, 3))}


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._send(200, json.dumps(asked).encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        called = PATH.fullmatch(self.path)
        if called is None:
            return self._send(404, b"")
        name, self.version = called[1] or called[3], called[2] or called[4]
        asked[name] += 1
        if name == "busy" or (name == "flaky" and asked[name] == 1):
            return self._send(503, b"")
        if name == "moved":
            return self._send(307, b"", Location="/v2/models/good/versions/1/infer")
        if name == "silent":
            time.sleep(20)
            return None
        if name == "babble":
            return self._send(200, b"<html>")
        if name == "dripping":
            return self._drip()
        return self._answer(name, body)

    def _answer(self, name, body):
        length = int(self.headers[LENGTH])
        tensor = json.loads(body[:length])["inputs"][0]
        batch = np.frombuffer(body[length:], dtype="<f4").reshape(tensor["shape"])
        found = outputs_of(batch, name, self.version)
        if name == "words":
            return self._send(200, json.dumps({"outputs": [_as_words(*one) for one in found.items()]}).encode())
        raw = [values.astype("<f4").tobytes() for values in found.values()]
        outputs = [_as_bytes(name, values, r) for (name, values), r in zip(found.items(), raw, strict=True)]
        header = {**self._who(name), "outputs": outputs}
        text = json.dumps(header).encode()
        content = text + b"".join(raw)
        return self._send(200, content[:-9] if name == "short" else content, **{LENGTH: str(len(text))})

    def _who(self, name):
        """Say who answers, as the protocol has it: one is always the newest, one is called otherwise, one is silent."""
        told = {"model_name": name, "model_version": self.version}
        others = {"newest": {**told, "model_version": "9"}, "renamed": {**told, "model_name": "other"}, "unnamed": {}}
        return others.get(name, told)

    def _send(self, status, content, **headers):
        self.send_response(status)
        for header, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(content)

    def _drip(self):
        """Send a byte now and then for a long while, and note where somebody waited for the last."""
        self.send_response(200)
        self.send_header("Content-Length", "400")
        self.end_headers()
        for _ in range(400):
            self.wfile.write(b" ")
            time.sleep(0.02)
        asked["heard to the end"] += 1

    def log_message(self, *_):
        pass


def _as_bytes(name, values, raw):
    return {
        "name": name,
        "shape": list(values.shape),
        "datatype": "FP32",
        "parameters": {"binary_data_size": len(raw)},
    }


def _as_words(name, values):
    return {"name": name, "shape": list(values.shape), "datatype": "FP32", "data": values.ravel().tolist()}


@contextmanager
def running() -> Iterator[str]:
    """Run the server in a process of its own; its address."""
    command = [sys.executable, "-m", "tests.vision.prediction_server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.stdin.close()


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
