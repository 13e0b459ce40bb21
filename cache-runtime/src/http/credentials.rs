//! Requests with credentials: which header fields identify the user, and which responses may be shared all the same.
//!
//! `Authorization` and `Cookie` are the standard fields. Applications and the proxies in front of them use many more: API keys,
//! tokens, and fields by which a proxy passes on the user that it authenticated. A field that is wrongly taken for a credential
//! costs hits; one that is overlooked serves a user's page to another user. So names are matched by broad families.

#[cfg(any(feature = "layer", test))]
use http::HeaderMap;

#[cfg(any(feature = "layer", test))]
use super::cache_control::ResponseDirectives;

/// Whether a response may be shared although its request carried credentials (RFC 9111 section 3.5).
#[cfg(any(feature = "layer", test))]
pub(crate) fn allows_sharing_with_credentials(response: &HeaderMap) -> bool {
    ResponseDirectives::parse(response).allows_sharing
}

/// Whether a request with this header field may be answered with a page for one user.
///
/// The name is in lower case.
pub(crate) fn is_credential(name: &str) -> bool {
    let name = name.strip_prefix("x-").unwrap_or(name);
    (has_credential_prefix(name) || has_credential_suffix(name)) && !is_harmless(name)
}

/// Matches the first letter first, since every hit of a layer checks every field of its request.
fn has_credential_prefix(name: &str) -> bool {
    let begins = |start: &str| name.starts_with(start);
    match name.as_bytes().first() {
        Some(b'a') => {
            begins("auth")
                || begins("api-key")
                || begins("apikey")
                || begins("account")
                || begins("amzn-oidc-")
                || begins("amzn-mtls-")
                || begins("appengine-user-")
                || begins("arr-clientcert")
        }
        Some(b'c') => {
            begins("cookie")
                || begins("cf-access-")
                || begins("client-cert")
                || begins("client-dn")
                || begins("client-verify")
                || begins("consumer-")
                || begins("credential")
                || begins("customer-")
        }
        Some(b'd') => begins("dpop"),
        Some(b'e') => begins("email"),
        Some(b'f') => name.strip_prefix("forwarded-").is_some_and(is_forwarded_identity),
        Some(b'g') => begins("goog-iap-") || begins("goog-authenticated-user-") || begins("group"),
        Some(b'h') => begins("hasura-"),
        Some(b'i') => begins("identity") || begins("iv-"),
        Some(b'j') => begins("jwt"),
        Some(b'l') => begins("login"),
        Some(b'm') => begins("ms-client-principal") || begins("ms-token-") || begins("member"),
        Some(b'o') => begins("oauth") || begins("oidc") || begins("oam"),
        Some(b'p') => begins("proxy-auth") || begins("pomerium-") || begins("principal"),
        Some(b'r') => {
            begins("remote-user")
                || begins("remote-group")
                || begins("remote-email")
                || begins("remote-name")
                || begins("remote-role")
                || begins("role")
        }
        Some(b's') => {
            begins("session")
                || begins("sid")
                || begins("signature")
                || begins("sso")
                || begins("ssl-client-")
                || begins("saml")
                || begins("shib-")
                || begins("sm-")
                || begins("sm_")
                || begins("subject")
        }
        Some(b't') => begins("token") || begins("tls-client-") || begins("tailscale-user-"),
        Some(b'u') => begins("user"),
        Some(b'v') => begins("vouch-"),
        Some(b'w') => begins("webauth-") || begins("wsse"),
        _ => false,
    }
}

/// Whether a proxy passes on the user in this field, not the connection as in `x-forwarded-for` and `x-forwarded-proto`.
fn is_forwarded_identity(rest: &str) -> bool {
    let begins = |start: &str| rest.starts_with(start);
    begins("user")
        || begins("email")
        || begins("group")
        || begins("role")
        || begins("preferred-username")
        || begins("access-token")
        || begins("auth")
        || begins("client-cert")
        || begins("tls-client-")
}

/// Matches the last word.
fn has_credential_suffix(name: &str) -> bool {
    let ends = |word: &str| {
        name.strip_suffix(word)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with(['-', '_']))
    };
    match name.as_bytes().last() {
        Some(b'd') => ends("password") || ends("userid"),
        Some(b'e') => ends("username") || ends("signature"),
        Some(b'l') => ends("credential") || ends("principal"),
        Some(b'n') => ends("token") || ends("authorization") || ends("assertion") || ends("session"),
        Some(b'o') => ends("userinfo"),
        Some(b'r') => ends("user"),
        Some(b'6') => ends("signature-256"),
        Some(b's') => ends("credentials"),
        Some(b't') => ends("jwt") || ends("secret") || ends("cert"),
        Some(b'y') => ends("key") || ends("apikey") || ends("identity"),
        _ => false,
    }
}

/// Browsers and proxies send these for all users, or only together with a cookie.
fn is_harmless(name: &str) -> bool {
    name.starts_with("sec-")
        || name.starts_with("user-agent")
        || name.starts_with("csrf")
        || name.starts_with("xsrf")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p5_fields_that_identify_the_user_are_credentials() {
        let names = "authorization cookie proxy-authorization x-authorization x-api-key api-key apikey x-apikey x-auth-token \
            x-auth x-auth-user x-auth-request-user x-auth-request-email x-auth-request-access-token \
            x-authenticated-user x-authenticated-userid x-authenticated-scope x-authentik-username x-access-token \
            x-token token x-id-token x-jwt x-jwt-assertion x-session-id x-session-token session x-user x-user-id \
            x-user-email x-userinfo x-username x-forwarded-user x-forwarded-email x-forwarded-groups \
            x-forwarded-preferred-username x-forwarded-access-token x-forwarded-id-token x-forwarded-client-cert \
            x-forwarded-tls-client-cert-info x-forwarded-authorization x-forwarded-roles x-remote-user remote-user \
            remote-groups remote-email x-webauth-user x-webauth-email cf-access-jwt-assertion \
            cf-access-authenticated-user-email cf-access-client-id cf-access-client-secret cf-access-token \
            x-amzn-oidc-data x-amzn-oidc-identity x-amzn-oidc-accesstoken x-amzn-mtls-clientcert \
            x-amz-security-token x-goog-iap-jwt-assertion x-goog-authenticated-user-email x-goog-api-key \
            x-endpoint-api-userinfo x-apigateway-api-userinfo x-ms-client-principal x-ms-client-principal-name \
            x-ms-token-aad-access-token x-zumo-auth-token ocp-apim-subscription-key x-functions-key \
            x-hasura-admin-secret x-hasura-user-id x-ssl-client-cert x-ssl-client-dn ssl-client-cert x-client-cert \
            client-cert client-cert-chain x-tls-client-dn dpop signature signature-input x-hub-signature \
            x-pomerium-jwt-assertion x-pomerium-claim-email x-vouch-user tailscale-user-login \
            teleport-jwt-assertion x-consumer-username x-credential-identifier x-vault-token private-token \
            job-token x-gitlab-token x-shopify-access-token x-parse-session-token x-wsse iv-user iv-groups sm_user \
            sm-user oam_remote_user shib-session-id x-principal x-account-id x-customer-id x-member-id x-login \
            x-client-secret x-access-key x-identity x-oauth-scopes x-role x-groups x-email";
        for name in names.split_whitespace() {
            assert!(is_credential(name), "{name}");
        }
    }

    /// As credentials, these would prevent every page of a common deployment from being shared.
    #[test]
    fn fields_that_all_clients_send_are_no_credentials() {
        let names = "host accept accept-charset accept-encoding accept-language access-control-request-headers \
            access-control-request-method age baggage cache-control cdn-loop cf-connecting-ip cf-ipcountry cf-ray \
            cf-visitor connection content-length content-type date device-memory dnt downlink early-data expect \
            forwarded from if-modified-since if-none-match if-range keep-alive max-forwards origin pragma priority \
            purpose range referer remote-addr rtt save-data sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform \
            sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-gpc sec-purpose service-worker te \
            traceparent tracestate trailer transfer-encoding true-client-ip upgrade upgrade-insecure-requests \
            user-agent uber-trace-id via viewport-width warning x-amz-cf-id x-amzn-trace-id x-arr-log-id \
            x-att-deviceid x-azure-ref x-b3-spanid x-b3-traceid x-client-data x-client-ip x-cloud-trace-context \
            x-cluster-client-ip x-correlation-id x-csrf-token x-device x-envoy-attempt-count \
            x-envoy-external-address x-forwarded-for x-forwarded-host x-forwarded-path x-forwarded-port \
            x-forwarded-prefix x-forwarded-proto x-forwarded-scheme x-forwarded-server x-forwarded-ssl \
            x-forwarded-uri x-host x-http-method-override x-language x-original-forwarded-for x-original-host \
            x-original-uri x-preview x-real-ip x-remote-addr x-remote-ip x-request-id x-request-start \
            x-requested-with x-rewrite-url x-scheme x-tenant x-trace-id x-ua-device x-user-agent x-varnish \
            x-vercel-id x-wap-profile x-xsrf-token";
        for name in names.split_whitespace() {
            assert!(!is_credential(name), "{name}");
        }
    }
}
