#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handler_cache_runtime::fuzz::if_none_match(data));
