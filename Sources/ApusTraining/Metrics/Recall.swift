extension Metric {
  /// `recall`: of the samples of a class, the fraction taken for it; the positive class of a binary task, the mean over
  /// the classes (``ClassAveraging/macro``) otherwise.
  ///
  /// A class without samples has recall 0. scikit-learn: `recall_score` with `zero_division=0`.
  public static let recall = Metric.usualAverage("recall") { $0.recall }

  /// `recall_macro` and so on: recall, averaged as asked for.
  public static func recall(_ averaging: ClassAveraging) -> Metric {
    .confusion(averaging.name("recall"), averaging.tasks) { $0.average(averaging, \.recall) }
  }
}
