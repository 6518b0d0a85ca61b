//! Words that say what a prompt is about, known by their hashes.

/// A bit each.
#[derive(Clone, Copy)]
#[repr(u8)]
pub enum Kind {
    Code = 1,
    Truth = 2,
    Quantity = 4,
    Question = 8,
}

const KNOWN: [(Kind, &[&str]); 4] = [
    (Kind::Code, &["def", "function", "class", "return", "import", "python", "code", "sql"]),
    (Kind::Truth, &["true", "false", "valid", "invalid", "yes", "no"]),
    (Kind::Quantity, &["many", "much", "total", "each", "per"]),
    (Kind::Question, &["what", "which", "who", "why", "how", "when", "where"]),
];

const KNOWN_PLACES: usize = 1_024;

/// Each known word at the place that its hash names: one look tells that a word isn't one.
static KNOWN_BY_HASH: [(u32, u8); KNOWN_PLACES] = known_by_hash();

const fn known_by_hash() -> [(u32, u8); KNOWN_PLACES] {
    let mut table = [(0, 0); KNOWN_PLACES];
    let mut k = 0;
    while k < KNOWN.len() {
        let (kind, words) = KNOWN[k];
        let mut w = 0;
        while w < words.len() {
            let hash = hash_of(words[w].as_bytes());
            let place = place_of(hash);
            assert!(table[place].1 == 0, "two known words at one place");
            table[place] = (hash, kind as u8);
            w += 1;
        }
        k += 1;
    }
    table
}

/// The bit of the word's kind; 0 where it is none of the known.
#[inline]
pub fn kind_of(word: u32) -> u8 {
    let (hash, kind) = KNOWN_BY_HASH[place_of(word)];
    if hash == word { kind } else { 0 }
}

#[inline]
const fn place_of(word: u32) -> usize {
    word as usize >> 4 & (KNOWN_PLACES - 1)
}

/// Where 32-bit FNV-1a starts, and what it multiplies by.
pub const FNV_OFFSET: u32 = 2_166_136_261;
const FNV_PRIME: u32 = 16_777_619;
/// Any run of digits.
pub const NUMBER_WORD: u32 = hash_of(b"#");

const fn hash_of(word: &[u8]) -> u32 {
    let mut hash = FNV_OFFSET;
    let mut at = 0;
    while at < word.len() {
        hash = fnv(hash, word[at] as u32);
        at += 1;
    }
    mixed(hash)
}

#[inline]
pub const fn fnv(hash: u32, letter: u32) -> u32 {
    (hash ^ letter).wrapping_mul(FNV_PRIME)
}

/// FNV-1a's low bits are weak: each bit of the sum moves all (the finish of Murmur3).
#[inline]
pub const fn mixed(hash: u32) -> u32 {
    let bits = (hash ^ hash >> 16).wrapping_mul(0x85eb_ca6b);
    let bits = (bits ^ bits >> 13).wrapping_mul(0xc2b2_ae35);
    bits ^ bits >> 16
}

#[cfg(test)]
mod tests {
    use super::{Kind, hash_of, kind_of};

    #[test]
    fn are_found_by_their_hashes_and_no_others_are() {
        assert_eq!(kind_of(hash_of(b"python")), Kind::Code as u8);
        assert_eq!(kind_of(hash_of(b"where")), Kind::Question as u8);
        assert_eq!(kind_of(hash_of(b"story")), 0);
        assert_eq!(kind_of(0), 0);
    }
}
