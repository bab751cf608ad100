//! Entry of libFuzzer; what is checked stands in the library, where `cargo test` reaches it.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| chappe_fuzz::trust::check(data));
