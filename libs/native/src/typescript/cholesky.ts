/** The inverse of a symmetric positive definite matrix by Cholesky's decomposition A = L L'. Matrices are row by row. */

/** A pivot is at least this share of its diagonal element: rounding must not make it negative. */
const PIVOT_MIN = 1e-14

/** Replaces `matrix` by its inverse. `lower` is scratch of the same size. */
export function invert(matrix: Float64Array, lower: Float64Array, dimension: number): void {
  decompose(matrix, lower, dimension)
  invertLower(lower, dimension)
  // A^-1 = L^-T L^-1
  for (let row = 0; row < dimension; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = 0
      for (let k = row; k < dimension; k += 1) {
        sum += (lower[k * dimension + row] as number) * (lower[k * dimension + column] as number)
      }
      matrix[row * dimension + column] = sum
      matrix[column * dimension + row] = sum
    }
  }
}

function decompose(matrix: Float64Array, lower: Float64Array, dimension: number): void {
  for (let row = 0; row < dimension; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let rest = matrix[row * dimension + column] as number
      for (let k = 0; k < column; k += 1) {
        rest -= (lower[row * dimension + k] as number) * (lower[column * dimension + k] as number)
      }
      lower[row * dimension + column] =
        row === column
          ? Math.sqrt(Math.max(rest, PIVOT_MIN * (matrix[row * dimension + row] as number)))
          : rest / (lower[column * dimension + column] as number)
    }
  }
}

/** In place, column by column. */
function invertLower(lower: Float64Array, dimension: number): void {
  for (let column = 0; column < dimension; column += 1) {
    const diagonal = column * dimension + column
    lower[diagonal] = 1 / (lower[diagonal] as number)
    for (let row = column + 1; row < dimension; row += 1) {
      let sum = 0
      for (let k = column; k < row; k += 1) {
        sum += (lower[row * dimension + k] as number) * (lower[k * dimension + column] as number)
      }
      lower[row * dimension + column] = -sum / (lower[row * dimension + row] as number)
    }
  }
}
