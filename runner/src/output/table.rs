//! Text in columns.

use anstyle::Style;

/// A piece of text that is all of one style.
#[derive(Clone, Default, Debug)]
pub(crate) struct Cell {
    text: String,
    style: Style,
    least: usize,
}

impl Cell {
    /// A text that stands out.
    pub(crate) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style, least: 0 }
    }

    /// No narrower than so many columns, even if nothing in its column is wider.
    pub(crate) fn at_least(self, least: usize) -> Self {
        Self { least, ..self }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text, Style::new())
    }
}

/// The rows, one line each: every column as wide as its widest cell, two spaces between.
pub(crate) fn aligned<const COLUMNS: usize>(rows: &[[Cell; COLUMNS]]) -> Vec<String> {
    let width = |column: usize| {
        rows.iter().map(|row| row[column].width().max(row[column].least)).max().unwrap_or(0)
    };
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    rows.iter().map(|row| line(row, &widths)).collect()
}

fn line(row: &[Cell], widths: &[usize]) -> String {
    let mut line = String::new();
    let mut gap = 0;
    for (cell, width) in row.iter().zip(widths) {
        if !cell.text.is_empty() {
            line.push_str(&" ".repeat(gap));
            gap = 0;
            let style = cell.style;
            line.push_str(&format!("{style}{}{style:#}", cell.text));
        }
        gap += width - cell.width() + 2;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_never_move_and_lines_end_without_blanks() {
        let rows =
            [["a", "long", "x"], ["bcd", "", "y"], ["", "z", ""]].map(|row| row.map(Cell::from));
        assert_eq!(aligned(&rows), ["a    long  x", "bcd        y", "     z"]);
    }
}
