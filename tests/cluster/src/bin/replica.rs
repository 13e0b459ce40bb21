//! One replica of the service under test.

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    cluster::replica::serve().await
}
