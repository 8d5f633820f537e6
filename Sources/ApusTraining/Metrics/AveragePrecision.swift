extension Metric {
  /// `average_precision`: the mean of the precision over all thresholds, weighted by the recall that each adds:
  /// `sum (R_n - R_(n-1)) P_n`, without interpolation.
  ///
  /// For more than two classes the mean over the classes that occur, each against the rest. 0 for a binary task without
  /// positive samples. Keeps every score: `8 N classes` bytes. scikit-learn: `average_precision_score`.
  public static let averagePrecision = Metric("average_precision", for: [.classification, .binary]) {
    RankingMetric(\.averagePrecision)
  }
}
