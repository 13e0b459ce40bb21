#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| handler_cache_runtime::fuzz::cache_control(data));
