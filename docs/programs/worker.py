import json
import os
import sys

addresses, index = sys.argv[2:], int(sys.argv[1])
os.environ["TF_CONFIG"] = json.dumps(
    {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
)

import keras
import numpy as np
import tensorflow as tf

from keras_rnn_explained import ExplainedRNN

strategy = tf.distribute.MultiWorkerMirroredStrategy()  # before anything else of TensorFlow's
x = np.random.default_rng(0).normal(size=(256, 12, 3)).astype("float32")
y = x[:, 0, :1]
BATCH = 64  # of all workers together

keras.utils.set_random_seed(0)
with strategy.scope():
    model = keras.Sequential([keras.Input((12, 3)), ExplainedRNN(16), keras.layers.Dense(1)])
    optimizer = keras.optimizers.Adam(0.01)
    optimizer.build(model.trainable_variables)
data = tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH)
data = strategy.experimental_distribute_dataset(data)


def on_a_worker(x, y):
    with tf.GradientTape() as tape:
        # A sum over this worker's part, by the size of the whole batch: a mean over all workers.
        loss = tf.reduce_sum(tf.square(model(x, training=True) - y)) / BATCH
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    return loss


@tf.function
def step(x, y):
    return strategy.reduce("SUM", strategy.run(on_a_worker, (x, y)), axis=None)


for _ in range(3):
    print(f"loss {np.mean([step(x, y) for x, y in data]):.5f}")
