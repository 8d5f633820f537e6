extension Metric {
  /// `f1`: the harmonic mean of precision and recall, `2 right / (predicted + actual)` of a class; the positive class of
  /// a binary task, the mean over the classes (``ClassAveraging/macro``) otherwise.
  ///
  /// scikit-learn: `f1_score` with `zero_division=0`; Keras: `F1Score`.
  public static let f1 = Metric.usualAverage("f1") { $0.f1 }

  /// `f1_macro` and so on: F1, averaged as asked for.
  public static func f1(_ averaging: ClassAveraging) -> Metric {
    .confusion(averaging.name("f1"), averaging.tasks) { $0.average(averaging, \.f1) }
  }
}
