/// What somebody asks the training of an ensemble to do.
public struct EnsembleRequest: Sendable {
  /// What every member is asked for; the seed is the first member's, the folder the ensemble's.
  public var training: TrainingRequest
  /// How many members there are; nil takes 5, or on resuming as many as were begun.
  public var members: Int?
  /// Whether every member trains on a bootstrap sample of its own; nil does not, or on resuming does as was begun.
  public var isBagged: Bool?

  /// An ensemble of networks that differ in their seeds.
  public init(_ training: TrainingRequest) { self.training = training }
}
