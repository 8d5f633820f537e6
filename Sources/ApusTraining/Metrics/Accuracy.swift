extension Metric {
  /// `accuracy`: the fraction of samples, of a segmentation pixels, whose class was decided rightly; 0 without samples.
  ///
  /// Ties between outputs go to the first class. scikit-learn: `accuracy_score`; Keras: `SparseCategoricalAccuracy` and
  /// `BinaryAccuracy`.
  public static let accuracy = Metric.confusion("accuracy") { $0.accuracy }
}
