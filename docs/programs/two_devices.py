import tensorflow as tf

# Two devices out of one CPU. It has to happen before TensorFlow uses the CPU.
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

import keras
import numpy as np

from keras_rnn_explained import ExplainedRNN

x = np.random.default_rng(0).normal(size=(256, 12, 3)).astype("float32")
y = x[:, 0, :1]


def train(strategy):
    keras.utils.set_random_seed(0)
    with strategy.scope():
        model = keras.Sequential(
            [keras.Input((12, 3)), ExplainedRNN(16, name="rnn"), keras.layers.Dense(1)]
        )
        model.compile(keras.optimizers.Adam(0.01), "mse")
    history = model.fit(x, y, epochs=3, batch_size=64, shuffle=False, verbose=0).history
    print("replicas", strategy.num_replicas_in_sync, " loss", np.round(history["loss"], 5))
    print("  ", model.get_layer("rnn").execution)
    return model


one = train(tf.distribute.get_strategy())
two = train(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
    np.testing.assert_allclose(a, b, atol=1e-5)
print("the weights agree")
