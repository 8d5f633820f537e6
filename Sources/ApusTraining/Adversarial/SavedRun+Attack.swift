import ApusData
import ApusNN
import ApusTensor

extension SavedRun {
  /// Attacks the run: its accuracy on samples as they are and as attacks change them, and some examples.
  ///
  /// - Throws: ``TrainingError``, `DataError` or `FormatError` when the request is impossible, data cannot be read or do
  ///   not fit, or examples cannot be written.
  public func attacked(_ request: AttackRequest) throws -> AttackReport {
    let attacks = try request.attacks(classNames: configuration.classNames)
    guard task != .segmentation else {
      throw TrainingError(
        folder.path, "gives classes of pixels, which attacks do not judge", advice: "give a run of another task")
    }
    guard configuration.preparation.vocabulary == nil else {
      throw TrainingError(
        folder.path, "takes numbers of symbols, which cannot be changed a little", advice: "give a run of another task")
    }
    let part = try part(on: request.data)
    let whole = part.samples
    let normalization = configuration.normalization
    let range = InputRange(of: whole, normalization: normalization)
    let samples = min(request.samples ?? whole.count, whole.count)
    let data = samples < whole.count ? whole.subset(Array(0..<samples)) : whole
    let clean = try ApusTraining.evaluate(model, on: data, loss: loss, task: task, normalization: normalization)
    var strengths: [AttackReport.Strength] = []
    var examples = AdversarialExamples.none
    for attack in attacks {
      let changed = try attack.perturbed(
        data, model, loss: loss, normalization: normalization, range: range, seed: request.seed)
      let judged = try ApusTraining.evaluate(model, on: changed, loss: loss, task: task, normalization: nil)
      strengths.append(
        AttackReport.Strength(
          epsilon: attack.epsilon, accuracy: judged.accuracy, loss: judged.loss,
          targetRate: attack.targetClass.flatMap { judged.confusion?.rate(of: $0) }))
      if strengths.count == 1, data.classCount > 0 {
        examples = try AdversarialExamples(
          model, data, changed, normalization: normalization, range: range, most: request.examples)
      }
    }
    if let output = request.output { try ExampleFiles(examples, range: range).write(to: output) }
    return AttackReport(
      run: folder.path, data: part.data, part: part.name, samples: samples, method: request.method, norm: request.norm,
      steps: attacks[0].steps, target: request.target, cleanAccuracy: clean.accuracy, cleanLoss: clean.loss,
      attacks: strengths, examples: examples.described, saved: request.output)
  }
}

extension ConfusionMatrix {
  /// Of the samples of other classes, the fraction taken for a class; 0 when there are none.
  fileprivate func rate(of target: Int) -> Double {
    let others = counts.indices.filter { $0 != target }
    let (taken, all) = others.reduce((0, 0)) { ($0.0 + counts[$1][target], $0.1 + counts[$1].reduce(0, +)) }
    return all == 0 ? 0 : Double(taken) / Double(all)
  }
}
