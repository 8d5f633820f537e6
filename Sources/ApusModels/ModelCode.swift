import ApusNN

/// Pieces of the code that builds a model, for descriptions.
enum ModelCode {
  /// The arguments for channels and classes that are not the usual ones, each after a comma.
  static func images(_ first: Conv2D, usual channels: Int, classes: Int, usual usualClasses: Int) -> String {
    let inputs = first.weight.shape[1] * first.groups
    return (inputs == channels ? "" : ", channels: \(inputs)")
      + (classes == usualClasses ? "" : ", classes: \(classes)")
  }
}
