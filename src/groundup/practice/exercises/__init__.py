"""The exercises in the order of the road: each is a folder of this name."""

ROAD: tuple[str, ...] = (
    "broadcasting",
    "linear",
    "softmax_cross_entropy",
    "relu_gelu",
    "mse_huber",
    "mlp",
    "gradient_check",
    "initialisation",
    "sgd",
    "adam",
    "schedules",
    "dropout",
    "batch_norm",
    "layer_norm",
    "convolution_naive",
    "convolution_im2col",
    "pooling",
    "embedding",
    "rnn",
)
