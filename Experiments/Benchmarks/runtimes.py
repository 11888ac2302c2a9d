"""ONNX Runtime and OpenVINO in their best setting, for float32 and 8-bit: what backbone.py and decoder.py share."""
import pathlib


def has_vnni():
    flags = pathlib.Path("/proc/cpuinfo").read_text().split()
    return "avx512_vnni" in flags or "avx_vnni" in flags


def onnx_session(path, threads):
    """All optimisations; its threads stop spinning when a run ends, so that they take nothing from the next engine."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def onnx_int8(plain, quantized, operators=None):
    """Weights 8-bit per channel, activations 8-bit per tensor, their scales found while it runs; of all operators, or of these.

    Without VNNI the processor adds pairs of products in 16 bits, which 8-bit weights can overflow; 7-bit ones can not, at the same speed.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic
    external = pathlib.Path(plain).stat().st_size > 1 << 30 or pathlib.Path(f"{plain}.data").exists()
    quantize_dynamic(str(plain), str(quantized), op_types_to_quantize=operators, per_channel=True, weight_type=QuantType.QInt8,
                     reduce_range=not has_vnni(), use_external_data_format=external)


def openvino_compiled(model, threads):
    """`model`: a path or a model in memory. One answer as soon as possible, arithmetic in float32 where it is not 8-bit."""
    import openvino
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
    return openvino.Core().compile_model(model, "CPU", settings)


def openvino_int8(model, samples):
    """Weights and activations 8-bit, scales calibrated on `samples`, each what the model's inputs take."""
    import logging

    import nncf
    logging.getLogger("nncf").setLevel(logging.ERROR)
    return nncf.quantize(model, nncf.Dataset(samples), model_type=nncf.ModelType.TRANSFORMER, subset_size=len(samples))
