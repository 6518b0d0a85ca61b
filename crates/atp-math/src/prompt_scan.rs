//! One pass over a prompt's UTF-16 code units: what it counts of them, and where its words fall.

use crate::known_words::{FNV_OFFSET, Kind, NUMBER_WORD, fnv, kind_of, mixed};

/// Words fall into so many places, by their hashes.
pub const WORD_PLACES: usize = 16;

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a figure of its own")]
pub struct PromptScan {
    pub units: u32,
    pub digits: u32,
    pub newlines: u32,
    pub questions: u32,
    /// `(A)`
    pub options: u32,
    /// `A)` or `A.`
    pub option_marks: u32,
    pub capitals: u32,
    pub punctuation: u32,
    pub words: u32,
    pub sentences: u32,
    pub has_sign: bool,
    pub has_blank: bool,
    pub has_quote: bool,
    pub is_foreign: bool,
    pub asks_first: bool,
    /// A bit for each kind of known word.
    kinds: u8,
    pub places: [i32; WORD_PLACES],
}

impl PromptScan {
    /// Words are runs of ASCII letters; a run of digits is one word, whatever the number.
    pub fn of(units: &[u16]) -> Self {
        let mut scan = Self { units: count(units.len()), ..Self::default() };
        let mut at = 0;
        while let Some(&unit) = units.get(at) {
            if is_letter(unit) {
                at = scan.word(units, at);
            } else if is_digit(unit) {
                at = scan.number(units, at);
            } else {
                scan.sign(units, at, unit);
                at += 1;
            }
        }
        scan
    }

    pub fn has(&self, kind: Kind) -> bool {
        self.kinds & kind as u8 != 0
    }

    fn word(&mut self, units: &[u16], from: usize) -> usize {
        let mut hash = FNV_OFFSET;
        let mut at = from;
        while let Some(&unit) = units.get(at) {
            if !is_letter(unit) {
                break;
            }
            self.capitals += u32::from(unit < 97);
            hash = fnv(hash, u32::from(unit | 32));
            at += 1;
        }
        let word = mixed(hash);
        self.kinds |= kind_of(word);
        if self.words == 0 {
            self.asks_first = self.has(Kind::Question);
        }
        self.words += 1;
        if at == from + 1 {
            self.option(units, from);
        }
        self.add(word);
        at
    }

    /// A letter alone: `(A)`, or `A)` or `A.` with a space after it.
    fn option(&mut self, units: &[u16], at: usize) {
        let letter = units[at];
        if !(65..=74).contains(&letter) {
            return;
        }
        let (open, close, stop) = (u16::from(b'('), u16::from(b')'), u16::from(b'.'));
        let next = units.get(at + 1).copied();
        if next == Some(close) && at > 0 && units[at - 1] == open {
            self.options += 1;
        } else if (next == Some(close) || next == Some(stop))
            && letter <= 68
            && units.get(at + 2).is_none_or(|unit| is_space(*unit))
        {
            self.option_marks += 1;
        }
    }

    fn number(&mut self, units: &[u16], from: usize) -> usize {
        let digits = units[from..].iter().take_while(|unit| is_digit(**unit)).count();
        self.digits += count(digits);
        self.add(NUMBER_WORD);
        from + digits
    }

    fn sign(&mut self, units: &[u16], at: usize, unit: u16) {
        self.newlines += u32::from(unit == 10);
        if unit <= 32 {
            return;
        }
        self.is_foreign |= unit > 127;
        if unit == 95 {
            self.has_blank |= units.get(at + 1) == Some(&95);
        } else {
            self.punctuation += 1;
        }
        self.questions += u32::from(unit == 63);
        self.sentences += u32::from(matches!(unit, 63 | 46 | 33));
        self.has_quote |= unit == 34;
        self.has_sign |= is_sign(unit);
    }

    fn add(&mut self, word: u32) {
        self.places[word as usize % WORD_PLACES] += if word & 0x4000_0000 == 0 { -1 } else { 1 };
    }
}

/// Prompts are cut far below 2^32.
#[expect(clippy::cast_possible_truncation, reason = "as said")]
fn count(units: usize) -> u32 {
    units as u32
}

#[inline]
fn is_letter(unit: u16) -> bool {
    (97..=122).contains(&(unit | 32))
}

#[inline]
fn is_digit(unit: u16) -> bool {
    (48..=57).contains(&unit)
}

#[inline]
fn is_sign(unit: u16) -> bool {
    // $ % * + / < = > \ ^ pound euro
    matches!(unit, 36 | 37 | 42 | 43 | 47 | 60 | 61 | 62 | 92 | 94 | 163 | 8364)
}

/// What JavaScript's `trim` takes away.
fn is_space(unit: u16) -> bool {
    matches!(
        unit,
        9..=13 | 32 | 160 | 0x1680 | 0x2000..=0x200a | 0x2028 | 0x2029 | 0x202f | 0x205f | 0x3000 | 0xfeff
    )
}
