// What piecewise activations are written with. All activations of this folder work element by element on f32 and f64 and
// keep the shape, unless they say otherwise; each is a composite that a backend fuses into one pass, with each
// operation rounded once.

/// A number of the tensor's element type.
func constant(_ value: Double, like x: Tensor) -> Tensor { Tensor.scalar(value, dtype: x.dtype) }

/// Elements of `a` where the condition holds, of `b` elsewhere.
func choose(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor { Tensor.record(Select(), [condition, a, b]) }
