"""KServe's server around one ONNX graph: run by `bench.remote_server` with another environment's interpreter."""

import sys
from typing import Any

import numpy as np
import onnxruntime
from kserve import InferOutput, InferRequest, InferResponse, Model, ModelServer


class Graph(Model):
    """A graph with one input, answering all its outputs as binary tensors."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__(name)
        self._session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.ready = True

    async def predict(self, payload: InferRequest, headers: Any = None, response_headers: Any = None) -> InferResponse:
        asked = {one.name: one.as_numpy().astype(np.float32) for one in payload.inputs}
        found = zip(self._outputs, self._session.run(self._outputs, asked), strict=True)
        return InferResponse(
            response_id=payload.id or "",
            model_name=self.name,
            infer_outputs=[_output(*one) for one in found],
            requested_outputs=payload.request_outputs,
        )


def _output(name: str, values: Any) -> InferOutput:
    output = InferOutput(name=name, shape=list(values.shape), datatype="FP32")
    output.set_data_from_numpy(values, binary_data=True)
    return output


if __name__ == "__main__":
    graph, model, port = sys.argv[1:]
    ModelServer(http_port=int(port), enable_grpc=False, workers=1).start([Graph(model, graph)])
