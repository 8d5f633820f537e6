import ApusTensor

/// The passes in order, from a captured graph to one that can be lowered.
package struct Pipeline: Sendable {
  /// Whether chains of elementwise operations become one; off only to test that it changes nothing.
  package var fuses = true
  /// Whether blocked layouts are used; off only to test that they change nothing.
  package var choosesLayouts = true

  package init(fuses: Bool = true, choosesLayouts: Bool = true) {
    self.fuses = fuses
    self.choosesLayouts = choosesLayouts
  }

  /// Runs the passes; in debug builds every result is verified.
  ///
  /// - Parameter observe: called with the name of each pass and its result, for dumps.
  package func run(
    _ graph: Graph, backend: any Backend, observe: (_ pass: String, _ result: Graph) -> Void = { _, _ in }
  ) -> Graph {
    var passes: [(name: String, run: (Graph) -> Graph)] = [
      ("expand functions", ExpandFunctions.run), ("simplify", Simplify.run),
      ("trim outputs", TrimOutputs.run),
      ("common subexpressions", CommonSubexpressions.run),
      ("release recomputations", ReleaseRecomputations.run),
    ]
    if fuses {
      passes += [
        ("fold factors", FoldFactors.run), ("fuse", Fuse.run), ("merge pools", MergePools.run), ("finish", Finish.run),
      ]
    }
    if fuses, choosesLayouts {
      passes.append(("pool convolutions", { PoolConvolutions.run($0, backend: backend) }))
    }
    if choosesLayouts {
      passes += [
        ("choose layouts", { ChooseLayouts.run($0, backend: backend) }),
        ("prepare operands", { PrepareOperands.run($0, backend: backend) }),
      ]
    }
    passes.append(("schedule", Schedule.run))
    observe("captured", graph)
    var graph = graph
    for pass in passes {
      graph = pass.run(graph)
      assert(
        Verifier.problem(in: graph) == nil,
        "the pass '\(pass.name)' made an invalid graph: \(Verifier.problem(in: graph) ?? "")\n\(graph)")
      observe(pass.name, graph)
    }
    return graph
  }
}
