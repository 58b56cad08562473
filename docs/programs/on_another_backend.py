import keras
import numpy as np

print("backend:", keras.backend.backend())

model = keras.models.load_model("plain.keras")
data = np.load("expected.npz")
predicted = model.predict(data["x"], verbose=0)
print("as on TensorFlow:", np.allclose(predicted, data["y"], atol=1e-5))
