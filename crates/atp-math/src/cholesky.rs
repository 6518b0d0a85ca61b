//! The inverse of a symmetric positive definite matrix by Cholesky's decomposition A = L L'. Matrices are row by row.

/// A pivot is at least this share of its diagonal element: rounding must not make it negative.
const PIVOT_MIN: f64 = 1e-14;

/// Replaces `matrix` by its inverse. `lower` is scratch of the same size.
pub fn invert(matrix: &mut [f64], lower: &mut [f64], dimension: usize) {
    decompose(matrix, lower, dimension);
    invert_lower(lower, dimension);
    // A^-1 = L^-T L^-1
    for row in 0..dimension {
        for column in 0..=row {
            let mut sum = 0.0;
            for k in row..dimension {
                sum += lower[k * dimension + row] * lower[k * dimension + column];
            }
            matrix[row * dimension + column] = sum;
            matrix[column * dimension + row] = sum;
        }
    }
}

fn decompose(matrix: &[f64], lower: &mut [f64], dimension: usize) {
    for row in 0..dimension {
        for column in 0..=row {
            let mut rest = matrix[row * dimension + column];
            for k in 0..column {
                rest -= lower[row * dimension + k] * lower[column * dimension + k];
            }
            lower[row * dimension + column] = if row == column {
                rest.max(PIVOT_MIN * matrix[row * dimension + row]).sqrt()
            } else {
                rest / lower[column * dimension + column]
            };
        }
    }
}

/// In place, column by column.
fn invert_lower(lower: &mut [f64], dimension: usize) {
    for column in 0..dimension {
        let pivot = 1.0 / lower[column * dimension + column];
        lower[column * dimension + column] = pivot;
        for row in column + 1..dimension {
            let mut sum = 0.0;
            for k in column..row {
                sum += lower[row * dimension + k] * lower[k * dimension + column];
            }
            lower[row * dimension + column] = -sum / lower[row * dimension + row];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::invert;

    #[test]
    fn a_matrix_times_its_inverse_is_the_identity() {
        let matrix = [4.0, 2.0, 0.6, 2.0, 5.0, 1.0, 0.6, 1.0, 3.0];
        let mut inverse = matrix;
        invert(&mut inverse, &mut [0.0; 9], 3);
        for row in 0..3 {
            for column in 0..3 {
                let product: f64 = (0..3).map(|k| matrix[row * 3 + k] * inverse[k * 3 + column]).sum();
                let identity = if row == column { 1.0 } else { 0.0 };
                assert!((product - identity).abs() < 1e-14, "[{row}, {column}] is {product}");
            }
        }
    }
}
