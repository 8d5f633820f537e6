extension Metric {
  /// `roc_auc`: the area under the receiver operating characteristic, the probability that a sample of the class gets a
  /// higher score than one of another class; equal scores count half.
  ///
  /// For more than two classes the mean over the classes that occur, each against the rest, by the softmax of the
  /// outputs. Not a number where only one class occurs. Keeps every score: `8 N classes` bytes.
  /// scikit-learn: `roc_auc_score` (`multi_class="ovr"`); Keras: `AUC`, which approximates.
  public static let rocAUC = Metric("roc_auc", for: [.classification, .binary]) { RankingMetric(\.areaUnderROC) }
}
