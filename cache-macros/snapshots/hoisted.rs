#[debug_handler(state = App)]
#[utoipa::path(get, path = "/")]
#[::handler_cache::cache_one_minute(__hoisted ignore = [], expire = 1)]
#[instrument]
async fn product(State(app): State<App>) {}
