extension Metric {
  /// `mean_iou`: the mean over the classes that occur among the labels or the predictions of intersection over union,
  /// the pixels rightly taken for a class divided by those that are of it or were taken for it.
  ///
  /// scikit-learn: `jaccard_score` with `average="macro"` on all pixels; Keras: `MeanIoU`. Of all pixels of a data set
  /// together, not the mean over its pictures.
  public static let meanIoU = Metric.confusion("mean_iou", [.segmentation]) {
    $0.average(.macro, \.intersectionOverUnion)
  }
}
