extension Report {
    /// The report as one HTML page: styles and pictures inside, nothing to load, no script; light and dark; prints well.
    public func html() -> String {
        var body = "<header><h1>\(escaped(title))</h1>\n<p class=\"verdict\">\(escaped(verdict))</p></header>\n"
        if !facts.isEmpty {
            let rows = facts.map { "<div><dt>\(escaped($0.label))</dt><dd>\(escaped($0.value))</dd></div>" }
            body += "<dl>\n\(rows.joined(separator: "\n"))\n</dl>\n"
        }
        for section in sections { body += section.html() }
        if let timing { body += "<footer id=\"timing\">\(escaped(timing))</footer>\n" }
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(escaped(title))</title>
            <style>\(pageStyle)</style></head>
            <body><main>
            \(body)</main></body></html>

            """
    }
}

extension Report.Section {
    fileprivate func html() -> String {
        var html = "<section><h2>\(escaped(heading))</h2>\n"
        if let text { html += "<p>\(escaped(text))</p>\n" }
        if let table { html += table.html() }
        for chart in charts { html += "<figure>\(chart.svg())</figure>\n" }
        return html + "</section>\n"
    }
}

extension Table {
    fileprivate func html() -> String {
        func cells(_ row: [String], _ tag: String) -> String {
            columns.indices.map { column in
                let style = columns[column].alignment == .right ? " class=\"right\"" : ""
                return "<\(tag)\(style)>\(escaped(cell(column, of: row)))</\(tag)>"
            }.joined()
        }
        let lines = rows.enumerated().map { index, row in
            "<tr\(emphasised.contains(index) ? " class=\"emphasised\"" : "")>\(cells(row, "td"))</tr>"
        }
        return """
            <div class="table"><table><thead><tr>\(cells(columns.map(\.title), "th"))</tr></thead><tbody>
            \(lines.joined(separator: "\n"))
            </tbody></table></div>

            """
    }
}

private let pageStyle = """
    :root{color-scheme:light dark;--ink:#1f2328;--soft:#59636e;--rule:#d1d9e0;--paper:#fff;--wash:#f6f8fa}
    @media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--rule:#3d444d;--paper:#0d1117;--wash:#161b22}}
    body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 Charter,"Bitstream Charter",Georgia,serif}
    main{max-width:46rem;margin:0 auto;padding:3rem 1.25rem 4rem}
    h1{font-size:1.7rem;line-height:1.2;margin:0 0 .75rem}
    h2{font-size:1.15rem;margin:2.5rem 0 .75rem;padding-top:1.25rem;border-top:1px solid var(--rule)}
    .verdict{font-size:1.15rem;margin:0 0 1.5rem}
    dl{margin:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(10rem,1fr));gap:.75rem 1.5rem}
    dt,dd,table,figure{font-family:"Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif}
    dt{font-size:.75rem;color:var(--soft)}
    dd{margin:0;font-size:.95rem;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
    .table{overflow-x:auto}
    table{border-collapse:collapse;font-size:.85rem;font-variant-numeric:tabular-nums;width:100%}
    th,td{padding:.3rem .75rem .3rem 0;text-align:left;vertical-align:top}
    th{font-weight:600;border-bottom:1px solid var(--ink)}
    tbody tr:not(:last-child) td{border-bottom:1px solid var(--rule)}
    .right{text-align:right}
    .emphasised td{font-weight:600;background:var(--wash)}
    figure{margin:1.75rem 0;overflow-x:auto}
    figure svg{max-width:100%;height:auto}
    footer{margin-top:2.5rem;font-size:.85rem;color:var(--soft)}
    p{white-space:pre-line;overflow-wrap:anywhere}
    @media print{main{padding:0;max-width:none}section,figure,tr{break-inside:avoid}body{font-size:11pt}}
    """
