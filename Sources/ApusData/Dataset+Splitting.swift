import ApusTensor

extension Dataset {
  /// Sets a part of the samples aside, the same for the same seed on every machine.
  ///
  /// Both parts keep the order of the whole. Stratified, every class gives the same fraction, rounded to whole samples,
  /// and keeps at least one sample on each side if it has two.
  ///
  /// - Parameters:
  ///   - fraction: the part set aside, between 0 and 1.
  ///   - seed: which samples are chosen.
  ///   - stratified: whether to choose within each class; no matter when the targets are not classes.
  /// - Throws: ``DataError`` when the fraction is not between 0 and 1 or leaves one part empty.
  public func split(
    validation fraction: Double, seed: UInt64, stratified: Bool = true
  ) throws -> (training: Dataset, validation: Dataset) {
    guard fraction > 0, fraction < 1 else {
      throw DataError(
        place: name, problem: "a fraction of \(fraction) cannot be set aside", advice: "choose one between 0 and 1")
    }
    var groups: [[Int]] = [Array(0..<count)]
    if stratified, classCount > 0 {
      groups = [[Int]](repeating: [], count: classCount)
      for (index, label) in labels.enumerated() { groups[Int(label)].append(index) }
    }
    var isSetAside = [Bool](repeating: false, count: count)
    for (number, group) in groups.enumerated() {
      var chosen = Int((Double(group.count) * fraction).rounded())
      if group.count >= 2 { chosen = min(max(chosen, 1), group.count - 1) }
      // The upper half of the streams is not used by epochs.
      var generator = PhiloxGenerator(seed: seed, stream: 1 << 63 | UInt64(number))
      let order = generator.permutation(of: group.count)
      for position in order.prefix(chosen) { isSetAside[group[Int(position)]] = true }
    }
    let training = (0..<count).filter { !isSetAside[$0] }
    let validation = (0..<count).filter { isSetAside[$0] }
    guard !training.isEmpty, !validation.isEmpty else {
      throw DataError(
        place: name, problem: "setting aside \(fraction) of \(count) samples leaves one part empty",
        advice: "choose another fraction or more data")
    }
    return (subset(training), subset(validation, name: name + " validation"))
  }
}
