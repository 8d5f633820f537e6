import ApusTensor

extension Graph: CustomStringConvertible {
  /// The graph as text, one operation a line: `%3 = matmul(%0, %1) transposesRight=true : f32[128, 10]`.
  package var description: String {
    var lines: [String] = []
    for (index, node) in nodes.enumerated() {
      let operands = node.inputs.map(\.description).joined(separator: ", ")
      let attributes = node.operation.attributeText
      let types = node.types.indices.map { output in
        let layout = layout(of: ValueID(index, output))
        return "\(node.types[output])" + (layout.isPlain ? "" : "{\(layout)}")
      }.joined(separator: ", ")
      let call = "\(node.operation.name)(\(operands))" + (attributes.isEmpty ? "" : " " + attributes)
      lines.append("%\(index) = \(call) : \(types)")
    }
    lines.append("return " + roots.map(\.description).joined(separator: ", "))
    return lines.joined(separator: "\n")
  }

  /// The graph in the DOT language, for `dot -Tsvg`.
  package var dot: String {
    var lines = ["digraph plan {", "  node [shape=box, fontname=monospace];"]
    for (index, node) in nodes.enumerated() {
      let types = node.types.map(\.description).joined(separator: "\\n")
      lines.append("  n\(index) [label=\"\(node.operation.name)\\n\(types)\"];")
      for input in node.inputs { lines.append("  n\(input.node) -> n\(index);") }
    }
    for (position, root) in roots.enumerated() {
      lines.append("  root\(position) [label=\"result \(position)\", shape=ellipse];")
      lines.append("  n\(root.node) -> root\(position);")
    }
    return (lines + ["}"]).joined(separator: "\n")
  }
}
