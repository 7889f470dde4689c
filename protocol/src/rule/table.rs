//! The rows of the rulebook.

use super::{
    Duty::{All, Beheer, Digid, Gateways, Nodes, Pgo, Za},
    Rule,
    RuleKind::{Deadline, Procedure, Safety, ServiceLevel, Structural},
    RuleRow,
    Watch::{self, Checked, Enforced, Organisational, Testimony},
};

macro_rules! rules {
    ($($name:ident, $cite:literal, $duty:expr, $kind:expr, $watch:expr, $text:literal;)*) => {
        #[repr(u8)]
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "only counts the rules below")]
        enum Place { $($name),* }

        $(
            #[doc = concat!("`", $cite, "`: ", $text)]
            pub const $name: Rule = Rule(Place::$name as u8);
        )*

        /// Every rule.
        pub const RULES: &[RuleRow] = &[$(
            RuleRow { name: stringify!($name), cite: $cite, duty: $duty, kind: $kind, watch: $watch, text: $text }
        ),*];
    };
}

const fn built_in(reason: &'static str) -> Watch {
    Watch::Structural(reason)
}

rules! {
    // Processen en Informatie
    OFFERS_COLLECTING, "PI 1", Pgo, Procedure, Checked, "the PGO offers to collect from a Bron and keeps what came in a Dossier";
    OFFERS_DOSSIER, "PI 2", Pgo, Procedure, Enforced, "the PGO lets the person consult the Dossier";
    PROVENANCE_VISIBLE, "PI 3", Pgo, Procedure, Enforced, "the person can see what came over MedMij and has not changed since";
    SERVICE_IN_CATALOGUE, "PI 4", Pgo, Procedure, Checked, "what is collected is a Gegevensdienst of the Gegevenscatalogus";
    BRON_OFFERS_SERVICE, "PI 5", Za, Structural, Checked, "a Bron offers at least one Gegevensdienst at any moment";
    LISTED_ONCE_PROVEN, "PI 6", Beheer, Structural, Organisational("admission of a participant is an act of people, before its gateway is in any register"), "an offer is listed only once its gateway meets the demands of that service";
    LISTED_IS_SERVED, "PI 7", Za, ServiceLevel, Checked, "what the ZAL lists is served, and to every Uitgever";
    CONSENT_FIRST, "PI 8", Za, Safety, Checked, "no data without the person's explicit consent, given for that one collection";
    IDENTITY_FIRST, "PI 9", Za, Safety, Checked, "no consent question and no data before the person's identity is established";
    ZAL_CONTENT, "PI 10", Beheer, Structural, Checked, "the ZAL says per Zorgaanbieder which services it has, through whom and where";
    ONE_BRON, "PI 11", Beheer, Structural, Checked, "at most one Bron per Zorgaanbieder and Gegevensdienst";
    ZAL_UPDATED, "PI 12", Beheer, Deadline, Checked, "a change of what a Bron offers is on the ZAL at its next publication";
    NAAM_UNIQUE, "PI 13", Beheer, Structural, Checked, "every Zorgaanbieder has a name of its own";
    ZAL_SERVED, "PI 14", Beheer, ServiceLevel, Checked, "the current ZAL can be had by every PGO";
    WHITELIST_CONTENT, "PI 15", Beheer, Safety, Checked, "the Whitelist holds the gateways that may take part, and no other";
    FRIENDLY_NAME, "PI 16", Beheer, Structural, Checked, "a DVP has a friendly name on the list, a DVZA has none";
    WHITELIST_UPDATED, "PI 17", Beheer, Deadline, Checked, "a gateway that joins or leaves is on or off the Whitelist at its next publication";
    WHITELIST_SERVED, "PI 18", Beheer, ServiceLevel, Checked, "the current Whitelist can be had by every gateway";

    // UC Verzamelen, exceptions
    UC_REQUEST_INVALID, "UC Verzamelen 1", Za, Procedure, Checked, "the person is told of an invalid request, and has the PGO stop";
    UC_IDENTITY, "UC Verzamelen 2", Za, Procedure, Checked, "the PGO is told that the identity was not established, and tells the person";
    UC_NO_DATA, "UC Verzamelen 3", Za, Procedure, Checked, "the PGO is told that there is nothing, and tells the person";
    UC_REFUSED, "UC Verzamelen 4", Za, Procedure, Checked, "a refusal is logged; the PGO is told, and tells the person";
    UC_NO_ANSWER, "UC Verzamelen 5", Za, Procedure, Checked, "the PGO is told that no answer was established, and tells the person";
    UC_NOT_SUPPLIED, "UC Verzamelen 6", Za, Procedure, Checked, "the PGO is told that the data cannot be supplied after all, and tells the person why";

    // Applicatie
    COLLECTS_BY_UCI, "APP 1", Gateways, Procedure, Checked, "collecting goes by the steps of UCI Verzamelen, in their order, without a pause of the protocol's own";
    CATALOGUE_STANDARDS, "APP 2", Gateways, Procedure, Checked, "a service is collected by the queries that the catalogue prescribes for it";
    DIGID_FIRST, "APP 3", Za, Safety, Checked, "the person is sent to DigiD as soon as the OAuth flow begins, before any question";
    GOES_ON_AT_ONCE, "APP 4", Za, Procedure, Checked, "the OAuth flow goes on as soon as the person is authenticated";
    NO_IDENTITY_BETWEEN, "APP 5", Gateways, Safety, Checked, "nothing between PGO GW and ZA GW says who the person is but the OAuth values";
    GRANT_TYPE, "APP 6", Gateways, Safety, Checked, "the only grant type is Authorization Code";
    BEARER, "APP 7", Gateways, Safety, Checked, "tokens are bearer tokens";
    ACCESS_TOKENS_KEPT, "APP 8, RFC 6819 4.1.3", Gateways, Safety, Checked, "access tokens are seen by nobody but their client and their server, and live briefly with little scope";
    NO_EMBEDDED_BROWSER, "APP 8, RFC 6819 4.1.4", Za, Safety, Checked, "credentials are asked on DigiD's own page only";
    REAL_SERVER, "APP 8, RFC 6819 4.2.1", Za, Safety, Enforced, "the person's browser reaches the authorization server that the ZAL names";
    SCOPE_SHOWN, "APP 8, RFC 6819 4.2.2", Za, Safety, Checked, "the consent question names exactly the scope that is then granted";
    STORED_TOKENS_SAFE, "APP 8, RFC 6819 4.3.2", Za, Safety, built_in("volatile stores are forgotten at a crash and never leave their actor; no store of ours is a file"), "access tokens cannot be read from the server's store";
    NO_CLIENT_SECRETS, "APP 8, RFC 6819 4.3.4", Za, Safety, built_in("not applicable: clients have no secrets, which the source itself says of this section"), "client secrets cannot be read from the server's store";
    STORED_CODES_SAFE, "APP 8, RFC 6819 4.4.1.2", Za, Safety, Checked, "a code from the server's store is of no use: it lives briefly and works once, for one client";
    CODE_NOT_GUESSED, "APP 8, RFC 6819 4.4.1.3", Za, Safety, Enforced, "codes cannot be found by guessing: they are long, and a client that guesses is held off";
    STATE_BOUND, "APP 8, RFC 6819 4.4.1.8", Pgo, Safety, Checked, "a code is taken only with the state that was given to the same browser";
    NO_CLICKJACKING, "APP 8, RFC 6819 4.4.1.9", Za, Safety, Enforced, "the consent question cannot be answered from within another page";
    OWNER_PRESENT, "APP 8, RFC 6819 4.4.1.10", Za, Safety, Checked, "consent is an act of the person: an answer counts only from the browser that saw the question";
    SESSIONS_BOUNDED, "APP 8, RFC 6819 4.4.1.11", Za, Safety, Enforced, "nobody can exhaust the server with authorization requests";
    MADE_UP_CODES_BOUNDED, "APP 8, RFC 6819 4.4.1.12", Za, Safety, Enforced, "nobody can exhaust the server with made-up codes";
    TOKEN_THREATS, "APP 8, RFC 6750 5.3", Gateways, Safety, Checked, "bearer tokens go over TLS only, in no URL and no cookie, and live briefly";
    SINGLE_SCOPE, "APP 9", Za, Safety, Checked, "a code and a token cover the one Gegevensdienst that was asked";
    CODE_VALIDITY, "APP 10, codes", Za, Deadline, Checked, "a code is valid for exactly 900 s";
    TOKEN_VALIDITY, "APP 10, tokens", Za, Deadline, Checked, "an access token is valid for exactly 900 s";
    NO_REFRESH_TOKENS, "APP 10, refresh tokens", Za, Safety, Checked, "no refresh tokens are issued";
    UUID_V4, "APP 11, form", Za, Safety, Checked, "codes and tokens are UUIDs of version 4";
    UNIQUE_WHILE_LIVE, "APP 11, uniqueness", Za, Safety, Checked, "no two equal codes, and no two equal tokens, are valid at one authorization server";
    CODE_OFFERED_ONCE, "APP 12, client", Pgo, Safety, Checked, "a client offers a code at most once";
    CODE_ONCE, "APP 12, server", Za, Safety, Checked, "a code that was offered once is retired; a second offer is refused and ends the flow";
    CODE_OWN_CLIENT, "APP 13", Za, Safety, Checked, "a token is given to the client that the code was issued to, and to no other";
    MUTUAL_CERTIFICATES, "APP 14", Gateways, Safety, Checked, "client and server know each other by PKIoverheid server certificates on all traffic between them";
    REDIRECT_OFFERED_HTTPS, "APP 15, client", Pgo, Safety, Checked, "a client names only redirect URIs that are full and HTTPS";
    REDIRECT_FULL_HTTPS, "APP 15, server", Za, Safety, Checked, "a server redirects to no URI that is not full and HTTPS";
    CONFIDENTIAL_CLIENT, "APP 16", Pgo, Safety, Checked, "codes and tokens are handled by the client's server, never by the person's device";
    ZAL_BY_UCI, "APP 17", Gateways, Procedure, Checked, "a PGO GW offers, and sends people to, what its newest valid ZAL says";
    ZAL_REFRESHED, "APP 18", Beheer, Deadline, Checked, "the ZAL is refreshed at least daily";
    ZAL_VALIDATED, "APP 19", Gateways, Safety, Checked, "a ZAL is used only after it was found valid";
    WHITELIST_BY_UCI, "APP 20", Gateways, Procedure, Checked, "every gateway fetches the Whitelist";
    WHITELIST_REFRESHED, "APP 21, publication", Beheer, Deadline, Checked, "the Whitelist is refreshed at least daily";
    WHITELIST_PULLED, "APP 21, fetching", Gateways, Deadline, Checked, "every gateway asks for the newest Whitelist at least hourly";
    WHITELIST_ON_DEMAND, "APP 21, on demand", Gateways, Procedure, Enforced, "a gateway can be made to fetch the Whitelist at once";
    WHITELIST_VALIDATED, "APP 22", Gateways, Safety, Checked, "a Whitelist is used only after it was found valid";

    // UCI Verzamelen, steps
    STEP_OFFER, "UCI Verzamelen step 1", Pgo, Procedure, Checked, "the PGO GW offers what the ZAL has";
    STEP_CHOOSE, "UCI Verzamelen step 2", Pgo, Procedure, Checked, "the browser goes to the authorization endpoint of the ZAL, with redirect URI and state";
    STEP_SESSION, "UCI Verzamelen step 3", Za, Procedure, Checked, "the ZA GW opens an OAuth session with this browser";
    STEP_TO_DIGID, "UCI Verzamelen step 4", Za, Procedure, Checked, "the ZA GW sends the browser to DigiD, with the way back";
    STEP_CREDENTIALS, "UCI Verzamelen step 5", Digid, Procedure, Checked, "DigiD asks for credentials";
    STEP_ARTIFACT, "UCI Verzamelen step 6", Digid, Procedure, Checked, "DigiD sends the browser back with an artifact, once the credentials are right";
    STEP_BSN, "UCI Verzamelen step 7", Za, Safety, Checked, "the ZA GW fetches the BSN at DigiD itself, over the back channel, and nobody else gets it";
    STEP_AVAILABILITY, "UCI Verzamelen step 8", Za, Procedure, Checked, "the ZA GW finds out whether there is anything before it asks consent";
    STEP_CONSENT, "UCI Verzamelen step 9", Za, Procedure, Checked, "the ZA GW asks the person for consent";
    STEP_CODE, "UCI Verzamelen step 10", Za, Safety, Checked, "on a yes, the ZA GW logs it, makes a code and redirects with the state that it was given";
    STEP_PGO_LOGS, "UCI Verzamelen step 11", Pgo, Procedure, Testimony("a log of the PGO GW never reaches the wire"), "the PGO GW takes the code as consent and logs that";
    STEP_OFFER_CODE, "UCI Verzamelen step 12", Pgo, Safety, Checked, "the PGO GW offers the code over the back channel, never through the browser";
    STEP_TOKEN, "UCI Verzamelen step 13", Za, Safety, Checked, "the ZA GW answers a good code with an access token";
    STEP_REQUEST, "UCI Verzamelen step 14", Pgo, Safety, Checked, "the PGO GW asks the resource endpoint of the ZAL, with the token and without a BSN";
    STEP_ANSWER, "UCI Verzamelen step 15", Za, Safety, Checked, "the ZA GW gives the data that the token covers, of the person who consented, and no other";
    STEP_STORE, "UCI Verzamelen step 16", Pgo, Procedure, Testimony("a Dossier never reaches the wire"), "the PGO GW stores what came, with its origin, the time and the consent profile";

    // UCI Verzamelen, exceptions
    EXCEPTION_REQUEST, "UCI Verzamelen exception 1", Za, Procedure, Checked, "an invalid request is told to the person on a page of the ZA GW, without a redirect";
    EXCEPTION_IDENTITY, "UCI Verzamelen exception 2", Za, Procedure, Checked, "identity not established: unauthorized_client";
    EXCEPTION_NO_DATA, "UCI Verzamelen exception 3", Za, Procedure, Checked, "nothing there: access_denied, described as No such resources";
    EXCEPTION_REFUSED, "UCI Verzamelen exception 4", Za, Procedure, Checked, "consent refused: access_denied, described as Authorization denied; logged";
    EXCEPTION_AUTHORIZATION, "UCI Verzamelen exception 5", Za, Procedure, Checked, "authorization not established: access_denied, described as Authorization failed";
    EXCEPTION_CODE, "UCI Verzamelen exception 6", Za, Procedure, Checked, "a code that fails validation: invalid_grant";
    EXCEPTION_TOKEN, "UCI Verzamelen exception 7", Za, Procedure, Checked, "a token that fails validation: an OperationOutcome, security/suppressed";
    EXCEPTION_DELIVERY, "UCI Verzamelen exception 8", Za, Procedure, Checked, "systems behind that cannot deliver: an OperationOutcome, processing/incomplete";

    // UCI Opvragen
    UCI_ZAL, "UCI Opvragen ZAL", Pgo, Procedure, Checked, "the PGO GW asks the stelselnode for the ZAL and gets the current one";
    UCI_WHITELIST, "UCI Opvragen Whitelist", Gateways, Procedure, Checked, "a gateway asks the stelselnode for the Whitelist and gets the current one";

    // Netwerk
    TLS_EVERYWHERE, "NET 1, TLS", All, Safety, Checked, "all traffic over the network is TLS, none of it SSL";
    TLS_BACK_GOOD, "NET 1, back channel", Gateways, Safety, Enforced, "the back channel uses only what the NCSC calls good";
    TLS_FRONT_SUFFICIENT, "NET 1, front channel", Gateways, Safety, Enforced, "the front channel uses only what the NCSC calls good or sufficient";
    TLS_STRONGEST_FIRST, "NET 1, order", All, Safety, Enforced, "the strongest is tried first";
    PKIO_CERTIFICATE, "NET 2", Nodes, Safety, Checked, "every node shows a PKIoverheid server certificate that is valid";
    OCSP_AT_HANDSHAKE, "NET 3", Nodes, Safety, Checked, "at every TLS handshake the other end's certificate is validated by OCSP; without a good answer no session";
    SEVERAL_CERTIFICATES, "NET 4", Nodes, Structural, Enforced, "an organisation may hold several certificates";
    WHITELIST_AT_HANDSHAKE, "NET 5", Nodes, Safety, Checked, "at every handshake the host that seeks the connection must be on the newest Whitelist";

    // Metamodel
    GATEWAY_REGISTERED, "Metamodel, Gateway", Beheer, Structural, Checked, "a gateway is a server of a participant, announced to Beheer";
    SAME_GATEWAY, "Metamodel, addresses", Beheer, Structural, Organisational("real example lists break it: their resource servers stand on other hosts, so it is reported at import and not judged in a run"), "authorization and resource server of an offer stand on the same gateway";
    ONCE_PER_PAIR, "Metamodel, associations", Beheer, Structural, Checked, "an association holds at most once per pair";
    ENDS_WITH_EITHER, "Metamodel, existence", Beheer, Structural, Checked, "an association dies with either of its ends";

    // Zorgaanbiedersnamenbeleid
    NAAM_FORM, "Zorgaanbiedersnamenbeleid, form", Za, Structural, Enforced, "a Zorgaanbiedernaam is three or more lower-case letters and @medmij";
    NAAM_NOT_AMBIGUOUS, "Zorgaanbiedersnamenbeleid, meaning", Za, Structural, Organisational("whether a name resembles another, is tied to the one used elsewhere or leads to a person is for people to judge"), "a Zorgaanbiedernaam is not ambiguous, not like another's and not only a person's name";

    // Normenkader informatiebeveiliging
    NORM_CERTIFIED, "Normenkader, NEN 7510", Gateways, Structural, Organisational("an audit of an organisation leaves no trace on the network"), "participants are certified for NEN 7510 and audited; Beheer for ISO 27001";
    NORM_CRYPTOGRAPHY, "Normenkader, A.10.1.1", Gateways, Safety, Checked, "the back channel is mutual TLS with PKIoverheid certificates";
    NORM_STORED_ENCRYPTED, "Normenkader, A.10.1.1, storage", Gateways, Safety, Organisational("no store of the simulator is a file of health data"), "stored data are encrypted";
    NORM_KEYS_YEARLY, "Normenkader, A.10.1.2", Gateways, Deadline, Organisational("keys and certificates of a run are made for it; how long ago a real one was made is not on the wire"), "keys for exchange are renewed every year";
    NORM_CHANGES, "Normenkader, A.12.1.2", All, Structural, Organisational("a process among people"), "changes follow the change and release process";
    NORM_CAPACITY, "Normenkader, A.12.1.3", Gateways, ServiceLevel, Organisational("the source sets no figure; a run reports utilisation and queues beside it"), "capacity is managed";
    NORM_BACKUP, "Normenkader, A.12.3.1", Pgo, Structural, Organisational("what is durable survives every crash here; back-up of it is not modelled"), "PGO data are backed up and recovery is tested";
    NORM_LOGGING, "Normenkader, A.12.4.1", Gateways, Procedure, Testimony("a log never reaches the wire"), "requests of users are recorded irrefutably, by NEN 7513";
    NORM_VULNERABILITIES, "Normenkader, A.12.6.1", Gateways, Deadline, Organisational("reports between people, within 48 hours"), "vulnerabilities are reported to Beheer, which tells the others";
    NORM_SECURE_DEVELOPMENT, "Normenkader, A.14.2.1", Gateways, Structural, Organisational("how software is written leaves no trace on the network"), "software is developed by the guidelines";
    NORM_AVAILABILITY, "Normenkader, A.17.2.1", Gateways, ServiceLevel, Organisational("the source sets no figure; the norms of 2.x are reported beside it"), "facilities are available";
    NORM_PENTESTS, "Normenkader, A.18.2.3", All, Structural, Organisational("yearly tests by people"), "external interfaces are tested for penetration every year";
    NORM_POLICY, "Normenkader, A.5.1.1", All, Structural, Organisational("a document of an organisation"), "policy documents name the measures for MedMij";
    NORM_CONTACT, "Normenkader, A.6.1.1", All, Structural, Organisational("a person of an organisation"), "one person answers for security";
    NORM_TRAINING, "Normenkader, A.7.2.2", All, Structural, Organisational("what people know leaves no trace on the network"), "staff are trained";
    NORM_ADMIN_ACCESS, "Normenkader, A.9.1.1", Gateways, Safety, Organisational("administrators are not actors of the network"), "administrators see content only to solve problems";
    NORM_ACCESS_REVIEW, "Normenkader, A.9.2.5", Gateways, Deadline, Organisational("administrators are not actors of the network"), "access rights are reviewed from time to time";
    NORM_TWO_FACTORS, "Normenkader, A.9.4.1", Pgo, Safety, Organisational("how a person logs in at the PGO is not part of UCI Verzamelen; the source only notes it"), "a person logs in at the PGO with two factors";

    // Operational processes
    PROCESS_JOINING, "Operationele processen, joining", Beheer, Structural, Organisational("contracts and proofs; the register shows only its outcome"), "a participant joins by agreement, proof and decision";
    PROCESS_LEAVING, "Operationele processen, leaving", Beheer, Deadline, Organisational("notice and decisions; a run shows what follows once the register changed"), "a participant leaves or is removed, at once when there is danger";
    PROCESS_INCIDENTS, "Operationele processen, incidents", All, Deadline, Organisational("reports between people"), "incidents are told to each other without delay";
    PROCESS_LOGS, "Operationele processen, logging", All, Procedure, Organisational("Beheer asks people for their logs; no term and no format are set"), "logs are given to Beheer when asked for";
    PROCESS_REGISTRATION, "Operationele processen, registration", Beheer, Procedure, Enforced, "a change of a list is made once Beheer has checked it";

    // Identity and consent
    AGE_LIMIT, "Juridisch kader, age", Za, Safety, Checked, "no data of a person under 16 follow";
    CONSENT_WORDS, "Toestemmingsverklaring", Za, Procedure, Checked, "the consent question names Zorgaanbieder, Gegevensdienst and PGO supplier";

    // Service levels of later releases, measured in every run
    NORM_TOKEN_ANSWER, "2.x core.tknint.206", Za, ServiceLevel, Checked, "a token request is answered within 10 s, 99.5 % of them";
    NORM_RESOURCE_ANSWER, "2.x core.rscint.202", Za, ServiceLevel, Checked, "a resource request is answered within 60 s, 98.5 % of them";
    NORM_LISTS, "2.x core.lijsten.301", Beheer, ServiceLevel, Checked, "lists can be had 99.9 % of the time";

    // Our own: what the source leaves to good sense, or to a standard it names
    WHITELIST_OF_ASKED, "own, beside NET 5", Nodes, Safety, Checked, "the host that is sought must be on the Whitelist too, where it is a gateway";
    CODE_KNOWN, "own, RFC 6749 5.2", Za, Safety, Checked, "a code that was never issued is refused";
    TOKEN_KNOWN, "own, RFC 6750 3.1", Za, Safety, Checked, "a token that was never issued is refused";
    TOKEN_COVERS, "own, RFC 6750 3.1, scope", Za, Safety, Checked, "a token gives nothing outside its scope";
    CLIENT_KNOWN, "own, RFC 6749 3.1.2.3", Za, Safety, Checked, "an authorization request counts only from a client on the OAuth client list";
    REDIRECT_OF_CLIENT, "own, RFC 6749 3.1.2.4", Za, Safety, Checked, "a redirect URI is at the host of the client that names it";
    STATE_REQUIRED, "own, RFC 6749 10.12", Pgo, Safety, Checked, "an authorization request carries a state";
    RESPONSE_TYPE_CODE, "own, RFC 6749 4.1.1", Pgo, Safety, Checked, "an authorization request asks for a code";
    SCOPE_OFFERED, "own, RFC 6749 3.3", Za, Safety, Enforced, "an authorization request counts only for what this gateway offers";
    SESSION_OF_BROWSER, "own, SAML profiles 4.1", Za, Safety, Checked, "an artifact counts only in the browser that was sent for it";
    ASSERTION_VALID, "own, SAML core 2.5", Za, Safety, Enforced, "an assertion counts only if signed, for this service provider, for this request, in time and at the level asked";
    ARTIFACT_ONCE, "own, SAML bindings 3.6.5", Digid, Safety, Checked, "an artifact is resolved at most once";
    SERVICE_PROVIDER_KNOWN, "own, DigiD", Digid, Safety, Enforced, "an AuthnRequest counts only from a known service provider, rightly signed";
    ARTIFACT_OF_PROVIDER, "own, DigiD, artifact", Digid, Safety, Enforced, "an artifact is resolved only for the service provider that asked for it";
    OCSP_FRESH, "own, RFC 6960 3.2", Nodes, Safety, Checked, "an OCSP answer counts only if signed, for that certificate, and between its times";
    RELEASE_SPOKEN, "own, releases", Gateways, Procedure, Enforced, "a release that a gateway does not speak is refused";
    NO_CROSS_READ, "own, the reason for APP 11", Gateways, Safety, Checked, "nobody's PGO is given another person's data";
    CERTIFICATE_OF_NAME, "own, RFC 9110 4.3.4", Nodes, Safety, Enforced, "a server's certificate is for the name that was dialled";
}
