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
    let (rest, aside) = try setAside(fraction, seed, stream: 1 << 63, stratified)
    return (subset(rest), subset(aside, name: name + " validation"))
  }

  /// Sets a part of the samples aside for the test and another for validation, as ``split(validation:seed:stratified:)``
  /// does, each fraction one of the whole.
  ///
  /// - Throws: ``DataError`` when a fraction, or their sum, is not between 0 and 1, or one part is empty.
  public func split(
    validation: Double, test: Double, seed: UInt64, stratified: Bool = true
  ) throws -> (training: Dataset, validation: Dataset, test: Dataset) {
    guard validation > 0, test > 0, validation + test < 1 else {
      throw DataError(
        place: name, problem: "fractions of \(validation) and \(test) cannot be set aside",
        advice: "choose two positive numbers that are less than 1 in sum")
    }
    let (rest, judged) = try split(test: test, seed: seed, stratified: stratified)
    let (training, validating) = try rest.split(
      validation: validation / (1 - test), seed: seed, stratified: stratified)
    return (training, validating, judged)
  }

  /// Sets a part of the samples aside for the test, as ``split(validation:seed:stratified:)`` does, but other samples than
  /// that for the same seed.
  ///
  /// - Throws: ``DataError`` when the fraction is not between 0 and 1 or leaves one part empty.
  public func split(
    test fraction: Double, seed: UInt64, stratified: Bool = true
  ) throws -> (rest: Dataset, test: Dataset) {
    let (rest, aside) = try setAside(fraction, seed, stream: 3 << 62, stratified)
    return (subset(rest), subset(aside, name: name + " test"))
  }

  /// The samples of every class, in order; or all of them as one group.
  private func groups(_ stratified: Bool) -> [[Int]] {
    guard stratified, classCount > 0, !hasPixelLabels else { return [Array(0..<count)] }
    var groups = [[Int]](repeating: [], count: classCount)
    for (index, label) in labels.enumerated() { groups[Int(label)].append(index) }
    return groups
  }

  /// Chooses the samples of two parts. The upper half of the random streams is not used by epochs: a quarter of it each
  /// is for validation and test, an eighth for folds.
  private func setAside(
    _ fraction: Double, _ seed: UInt64, stream: UInt64, _ stratified: Bool
  ) throws -> (rest: [Int], aside: [Int]) {
    guard fraction > 0, fraction < 1 else {
      throw DataError(
        place: name, problem: "a fraction of \(fraction) cannot be set aside", advice: "choose one between 0 and 1")
    }
    var isSetAside = [Bool](repeating: false, count: count)
    for (number, group) in groups(stratified).enumerated() {
      var chosen = Int((Double(group.count) * fraction).rounded())
      if group.count >= 2 { chosen = min(max(chosen, 1), group.count - 1) }
      var generator = PhiloxGenerator(seed: seed, stream: stream | UInt64(number))
      let order = generator.permutation(of: group.count)
      for position in order.prefix(chosen) { isSetAside[group[Int(position)]] = true }
    }
    let rest = (0..<count).filter { !isSetAside[$0] }
    let aside = (0..<count).filter { isSetAside[$0] }
    guard !rest.isEmpty, !aside.isEmpty else {
      throw DataError(
        place: name, problem: "setting aside \(fraction) of \(count) samples leaves one part empty",
        advice: "choose another fraction or more data")
    }
    return (rest, aside)
  }

  /// The parts of a cross-validation, the same for the same seed on every machine: every sample is in the validation part
  /// of exactly one fold.
  ///
  /// The sizes of the validation parts differ by one sample at most; stratified, so do the numbers of every class in them.
  /// Both parts of a fold keep the order of the whole.
  ///
  /// - Parameters:
  ///   - count: the number of folds, from 2 to the number of samples.
  ///   - seed: which samples are together.
  ///   - stratified: whether to spread each class evenly; no matter when the targets are not classes.
  /// - Throws: ``DataError`` when the number of folds is not possible.
  public func folds(_ count: Int, seed: UInt64, stratified: Bool = true) throws -> [Fold] {
    guard count >= 2, count <= self.count else {
      throw DataError(
        place: name, problem: "\(self.count) samples cannot be made into \(count) folds",
        advice: "choose a number of folds from 2 to the number of samples")
    }
    var fold = [Int](repeating: 0, count: self.count)
    // Dealing goes on where the class before ended, so that no fold gets every class's odd sample.
    var next = 0
    for (number, group) in groups(stratified).enumerated() {
      var generator = PhiloxGenerator(seed: seed, stream: 5 << 61 | UInt64(number))
      for position in generator.permutation(of: group.count) {
        fold[group[Int(position)]] = next
        next = (next + 1) % count
      }
    }
    return (0..<count).map { number in
      let training = fold.indices.filter { fold[$0] != number }
      let validation = fold.indices.filter { fold[$0] == number }
      return Fold(
        training: subset(training), validation: subset(validation, name: "\(name) fold \(number + 1)"))
    }
  }
}

/// One of the parts of a cross-validation.
public struct Fold: Sendable {
  /// What a network learns from.
  public let training: Dataset
  /// What judges it.
  public let validation: Dataset
}
