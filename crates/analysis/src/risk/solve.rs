//! A few linear equations at once.

/// The Cholesky factor of a symmetric positive matrix, row by row; none where it is not positive.
pub(crate) struct Factor {
    rows: Vec<Vec<f64>>,
}

impl Factor {
    pub(crate) fn of(matrix: &[Vec<f64>]) -> Option<Self> {
        let mut rows: Vec<Vec<f64>> = Vec::with_capacity(matrix.len());
        for (i, row) in matrix.iter().enumerate() {
            let mut new = Vec::with_capacity(i + 1);
            for (j, value) in row.iter().enumerate().take(i + 1) {
                let other: &[f64] = if j == i { &new } else { &rows[j] };
                let dot: f64 = new.iter().zip(other).take(j).map(|(a, b)| a * b).sum();
                let rest = value - dot;
                if j < i {
                    new.push(rest / rows[j][j]);
                } else if rest > 0.0 {
                    new.push(rest.sqrt());
                } else {
                    return None;
                }
            }
            rows.push(new);
        }
        Some(Self { rows })
    }

    /// The solution for one right side.
    pub(crate) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let mut half: Vec<f64> = Vec::with_capacity(right.len());
        for (row, value) in self.rows.iter().zip(right) {
            let dot: f64 = row.iter().zip(&half).map(|(a, b)| a * b).sum();
            half.push((value - dot) / row.last().copied().unwrap_or(1.0));
        }
        let mut solution = half;
        for i in (0..solution.len()).rev() {
            let later = (i + 1..solution.len()).map(|k| self.rows[k][i] * solution[k]);
            solution[i] = (solution[i] - later.sum::<f64>()) / self.rows[i][i];
        }
        solution
    }
}
