//! `MurmurHash3_x86_128` (Appleby 2011) of UTF-16 code units, little endian: its first 64 bits. Not for secrets.

/// 64 bits of a string as two words [hi, lo]: the seed of a decision, the hash of an arm.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "the published function takes the length modulo 2^32")]
pub fn hash64(units: &[u16]) -> [u32; 2] {
    let mut h = [0_u32; 4];
    let blocks = units.chunks_exact(8);
    let tail = blocks.remainder();
    for block in blocks {
        for lane in 0..4 {
            h[lane] ^= scramble(lane, word(block, lane));
            h[lane] = h[lane].rotate_left(FINAL_ROTATIONS[lane]).wrapping_add(h[(lane + 1) % 4]);
            h[lane] = h[lane].wrapping_mul(5).wrapping_add(ADDENDS[lane]);
        }
    }
    // Units past the end read as 0, and a lane of zeros changes nothing.
    for (lane, state) in h.iter_mut().enumerate() {
        *state ^= scramble(lane, word(tail, lane));
    }
    let bytes = (2 * units.len()) as u32;
    let [hi, lo, ..] = gather(gather(h.map(|state| state ^ bytes)).map(avalanche));
    [hi, lo]
}

const MULTIPLIERS: [u32; 4] = [0x239b_961b, 0xab0e_9789, 0x38b3_4ae5, 0xa1e3_8b93];
const ROTATIONS: [u32; 4] = [15, 16, 17, 18];
const FINAL_ROTATIONS: [u32; 4] = [19, 17, 15, 13];
const ADDENDS: [u32; 4] = [0x561c_cd1b, 0x0bca_a747, 0x96cd_1c35, 0x32ac_3b17];

/// The two code units of a lane as one word.
fn word(units: &[u16], lane: usize) -> u32 {
    let unit = |at: usize| units.get(at).map_or(0, |unit| u32::from(*unit));
    unit(2 * lane) | unit(2 * lane + 1) << 16
}

fn scramble(lane: usize, k: u32) -> u32 {
    k.wrapping_mul(MULTIPLIERS[lane]).rotate_left(ROTATIONS[lane]).wrapping_mul(MULTIPLIERS[(lane + 1) % 4])
}

/// The first lane takes the sum of all, and each other lane adds that.
fn gather(h: [u32; 4]) -> [u32; 4] {
    let sum = h.iter().fold(0_u32, |sum, state| sum.wrapping_add(*state));
    [sum, h[1].wrapping_add(sum), h[2].wrapping_add(sum), h[3].wrapping_add(sum)]
}

fn avalanche(mut h: u32) -> u32 {
    h ^= h >> 16;
    h = h.wrapping_mul(0x85eb_ca6b);
    h ^= h >> 13;
    h = h.wrapping_mul(0xc2b2_ae35);
    h ^ h >> 16
}

#[cfg(test)]
mod tests {
    use super::hash64;

    fn hash(text: &str) -> [u32; 2] {
        hash64(&text.encode_utf16().collect::<Vec<_>>())
    }

    /// Expected values from the reference implementation, over the UTF-16LE bytes.
    #[test]
    fn equals_the_reference_implementation() {
        assert_eq!(hash(""), [0, 0]);
        assert_eq!(hash("a"), [54_243_734, 3_438_235_617]);
        assert_eq!(hash("hello world"), [2_411_616_485, 1_458_454_397]);
        assert_eq!(hash("0190b3c4-7c1e-7d2a-9a3b-1c2d3e4f5a6b"), [816_252_367, 3_204_933_247]);
    }
}
