//! Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): a keyed bijection
//! of 64-bit counters. Only 32-bit additions, rotations and xors, so that Rust and TypeScript agree without `BigInt`.

/// Skein's key schedule parity, its low word.
const PARITY: u32 = 0x1bd1_1bda;
const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];

/// The block of a counter under a key.
#[must_use]
#[inline]
pub fn threefry(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    let keys = [key[0], key[1], PARITY ^ key[0] ^ key[1]];
    let mut x0 = counter[0].wrapping_add(keys[0]);
    let mut x1 = counter[1].wrapping_add(keys[1]);
    let mut round = 0;
    for injection in 1..=5_u8 {
        for rotation in ROTATIONS[round % 2] {
            x0 = x0.wrapping_add(x1);
            x1 = x1.rotate_left(rotation) ^ x0;
        }
        round += 1;
        x0 = x0.wrapping_add(keys[round % 3]);
        x1 = x1.wrapping_add(keys[(round + 1) % 3]).wrapping_add(u32::from(injection));
    }
    [x0, x1]
}

#[cfg(test)]
mod tests {
    use super::threefry;

    #[test]
    fn gives_the_published_blocks() {
        assert_eq!(threefry([0, 0], [0, 0]), [0x6b20_0159, 0x99ba_4efe]);
        assert_eq!(threefry([u32::MAX; 2], [u32::MAX; 2]), [0x1cb9_96fc, 0xbb00_2be7]);
        assert_eq!(
            threefry([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3]),
            [0xc492_3a9c, 0x483d_f7a0]
        );
    }
}
