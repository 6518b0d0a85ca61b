//! Sums over vectors in four lanes, so that a processor adds four at once. The order is part of the result: lane k takes
//! every fourth product from the k-th on, then come (0 + 1) + (2 + 3). The TypeScript twin adds in the same order.

/// The inner product of two vectors of one length.
#[must_use]
#[inline]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (a_fours, a_rest) = a.as_chunks::<4>();
    let (b_fours, b_rest) = b.as_chunks::<4>();
    for (x, y) in a_fours.iter().zip(b_fours) {
        for k in 0..4 {
            lanes[k] += x[k] * y[k];
        }
    }
    for (lane, (x, y)) in lanes.iter_mut().zip(a_rest.iter().zip(b_rest)) {
        *lane += x * y;
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
}

/// out = matrix * x, the matrix row by row.
#[inline]
pub fn multiply(matrix: &[f64], x: &[f64], out: &mut [f64]) {
    for (out, row) in out.iter_mut().zip(matrix.chunks_exact(x.len())) {
        *out = dot(row, x);
    }
}
