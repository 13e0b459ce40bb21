mod by_policy;
mod by_response;
mod oracle;
