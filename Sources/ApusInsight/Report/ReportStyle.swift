import ApusPlots

/// The look of the report.
enum ReportStyle {
  /// The style sheet: one column on a telephone, dark where the reader's screen is.
  static var sheet: String {
    """
    :root { color-scheme: light dark; --page: #f5f7f9; --card: #ffffff; --ink: #1f2933; --quiet: #52606d;
      --line: #e4e7eb; --accent: #0072b2; --good: #009e73; --bad: #d55e00; }
    * { box-sizing: border-box; }
    html { -webkit-text-size-adjust: 100%; }
    body { margin: 0; background: var(--page); color: var(--ink); line-height: 1.5;
      font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }
    main { max-width: 1120px; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
    h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
    h2 { font-size: 1.15rem; margin: 0 0 .75rem; }
    p { margin: .4rem 0; }
    .quiet { color: var(--quiet); overflow-wrap: anywhere; }
    .note { border-left: 4px solid var(--bad); padding: .3rem .8rem; background: var(--card); overflow-wrap: anywhere; }
    .cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
    .card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .75rem .9rem; }
    .card b { display: block; font-size: 1.45rem; line-height: 1.2; font-variant-numeric: tabular-nums;
      overflow-wrap: anywhere; }
    .card span { color: var(--quiet); font-size: .85rem; }
    .card.first b { color: var(--accent); }
    section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 1rem;
      margin: 1rem 0; min-width: 0; }
    .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 1rem;
      align-items: start; justify-items: center; }
    .figures > * { min-width: 0; width: 100%; }
    figure { margin: 0; }
    figure svg { display: block; width: 100%; height: auto; max-width: 640px; margin: 0 auto; }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; width: 100%; font-size: .92rem; }
    th, td { text-align: left; padding: .35rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
    th { color: var(--quiet); font-weight: 600; }
    th { vertical-align: bottom; }
    td { overflow-wrap: break-word; }
    .facts { table-layout: fixed; }
    .facts td:first-child { width: 42%; color: var(--quiet); }
    .facts td { overflow-wrap: anywhere; }
    .scroll + .scroll, .figures + .scroll { margin-top: 1.25rem; }
    tbody tr:last-child td { border-bottom: 0; }
    .number { text-align: right; font-variant-numeric: tabular-nums; }
    td.number { white-space: nowrap; }
    .total td { font-weight: 600; }
    pre { margin: 0; padding: .8rem; border-radius: 8px; background: var(--page); white-space: pre-wrap;
      overflow-wrap: anywhere; font-size: .9rem; }
    footer { color: var(--quiet); font-size: .85rem; text-align: center; margin-top: 2rem; }
    @media (max-width: 480px) { main { padding: 1rem .6rem 2rem; } section { padding: .8rem .6rem; }
      th, td { padding: .3rem .25rem; } table { font-size: .8rem; } }
    @media (prefers-color-scheme: dark) {
      :root { --page: #12161b; --card: #1b2128; --ink: #e6eaef; --quiet: #a7b1bc; --line: #303842; --accent: #5fb4e6;
        --good: #3fc9a0; --bad: #f08a4b; }
    \(darkFigures)
    }
    @media print { body { background: #fff; } section, .card { break-inside: avoid; } }
    """
  }

  /// The colours of figures on a dark page.
  private static var darkFigures: String {
    let pairs: [(Color, String)] = [
      (.ink, "var(--ink)"), (.quiet, "var(--quiet)"), (.grid, "var(--line)"), (.axis, "#5b6672"),
      (.background, "var(--card)"), (.blue, "#5fb4e6"), (.vermilion, "var(--bad)"), (.green, "var(--good)"),
    ]
    return pairs.flatMap { color, dark in
      ["fill", "stroke", "color"].map { name in
        "  figure svg [\(name)=\"\(color.hexadecimal)\"], figure svg [\(name)='\(color.hexadecimal)'] "
          + "{ \(name): \(dark); }"
      }
    }.joined(separator: "\n")
  }
}
