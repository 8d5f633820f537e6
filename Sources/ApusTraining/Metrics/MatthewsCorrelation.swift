extension Metric {
  /// `mcc`: the correlation of predicted and actual classes, from -1 to 1, 0 for guesses; 0 where only one class was
  /// predicted or occurs.
  ///
  /// With `s` samples, `c` right ones, and for class k the numbers `p_k` predicted and `t_k` actual:
  /// `(c s - sum p_k t_k) / sqrt((s^2 - sum p_k^2) (s^2 - sum t_k^2))`.
  /// Brian Matthews (1975); for more than two classes Jan Gorodkin (2004). scikit-learn: `matthews_corrcoef`.
  public static let matthewsCorrelation = Metric.confusion("mcc") { matrix in
    let classes = matrix.classes
    let (all, right) = (Double(matrix.total), Double(classes.reduce(0) { $0 + $1.right }))
    func sum(_ product: (ClassCounts) -> Int) -> Double { Double(classes.reduce(0) { $0 + product($1) }) }
    let spread = (all * all - sum { $0.predicted * $0.predicted }) * (all * all - sum { $0.actual * $0.actual })
    return spread > 0 ? (right * all - sum { $0.predicted * $0.actual }) / spread.squareRoot() : 0
  }
}
