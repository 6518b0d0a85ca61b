//! `atp_math::hash64`: proves that both sides hash alike. TypeScript hashes by itself, because a string across the
//! boundary costs more than its hash.
use napi::bindgen_prelude::Utf16String;
use napi_derive::napi;

#[napi(catch_unwind)]
#[must_use]
pub fn hash64(text: Utf16String) -> Vec<u32> {
    atp_math::hash64::hash64(&text).to_vec()
}
