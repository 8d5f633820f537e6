import ApusTensor

// Gradients of single rows of a sparse parameter. What is done to every gradient is right for them as it stands: rows that
// are named again are 0, so that norms, factors and limits are those of the whole gradient.
extension Gradients.Entry {
  /// The gradient of a sparse parameter, of all lookups of its rows; nil tensors are lookups that the loss does not depend
  /// on.
  init(name: String, parameter: Parameter, lookups: [(numbers: Tensor, tensor: Tensor?)]) {
    self.init(name: name, parameter: parameter, tensor: nil)
    for (numbers, tensor) in lookups where tensor != nil {
      rows = rows.map { concatenate([$0, numbers]) } ?? numbers
      self.tensor = self.tensor.map { old in tensor.map { concatenate([old, $0]) } ?? old } ?? tensor
    }
    if let rows { tensor = tensor?.summedRows(at: rows) }
  }

  /// The gradient of the whole parameter, of its shape: 0 in rows that were not looked up; nil when there is none.
  public var whole: Tensor? {
    guard let rows, let tensor else { return tensor }
    return Tensor.zeros(parameter.shape, dtype: tensor.dtype).addingSlices(tensor, at: rows)
  }

  /// The sum of two gradients of one parameter.
  func adding(_ other: Gradients.Entry) -> Gradients.Entry {
    guard let addend = other.tensor else { return self }
    guard let tensor else { return other }
    var result = self
    if let rows, let more = other.rows {
      let all = concatenate([rows, more])
      (result.rows, result.tensor) = (all, concatenate([tensor, addend]).summedRows(at: all))
    } else if rows == nil, other.rows == nil {
      result.tensor = tensor + addend
    } else if let a = whole, let b = other.whole {
      (result.rows, result.tensor) = (nil, a + b)
    }
    return result
  }
}
