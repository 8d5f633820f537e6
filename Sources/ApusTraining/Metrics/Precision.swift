extension Metric {
  /// `precision`: of the samples taken for a class, the fraction that are of it; the positive class of a binary task,
  /// the mean over the classes (``ClassAveraging/macro``) otherwise.
  ///
  /// A class that was never predicted has precision 0. scikit-learn: `precision_score` with `zero_division=0`.
  public static let precision = Metric.usualAverage("precision") { $0.precision }

  /// `precision_macro` and so on: precision, averaged as asked for.
  public static func precision(_ averaging: ClassAveraging) -> Metric {
    .confusion(averaging.name("precision"), averaging.tasks) { $0.average(averaging, \.precision) }
  }
}
