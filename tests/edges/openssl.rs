//! Keys are exchanged with openssl in both directions: operators make theirs with it.

use std::path::Path;
use std::process::Command;

use chappe::jws::{Signer as _, from_base64url};
use chappe::keys::{
    KeyFile, KeyFileError, Secret, create_key, create_plain_key, public_pem, read_key, read_public,
};

/// Runs openssl; `None`, with a note, where it is not installed.
fn openssl(args: &[&str], folder: &Path) -> Option<Vec<u8>> {
    let output = match Command::new("openssl").args(args).current_dir(folder).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("skipped: openssl is not installed");
            return None;
        }
        Err(error) => panic!("openssl: {error}"),
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {args:?}: {complaint}");
    Some(output.stdout)
}

fn owner_only(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("chmod");
}

#[test]
fn a_key_that_openssl_made_signs_and_openssl_says_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key.pem");
    let made = openssl(&["genpkey", "-algorithm", "ed25519", "-out", "key.pem"], folder.path());
    if made.is_none() {
        return;
    }
    owner_only(&path);
    let key = read_key(&path).expect("openssl's key");
    std::fs::write(folder.path().join("message"), b"a message").expect("written");
    let args = ["pkeyutl", "-sign", "-inkey", "key.pem", "-rawin", "-in", "message"];
    let theirs = openssl(&args, folder.path()).expect("installed");
    assert_eq!(key.sign(b"a message").expect("signed").as_slice(), theirs);
}

#[test]
fn openssl_reads_a_key_that_chappe_made_and_finds_the_same_public_half() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("key.pem");
    let key = create_plain_key(&path).expect("generated");
    let Some(theirs) = openssl(&["pkey", "-in", "key.pem", "-pubout"], folder.path()) else {
        return;
    };
    assert_eq!(public_pem(key.public()).expect("a PEM").as_bytes(), theirs);
    std::fs::write(folder.path().join("public.pem"), &theirs).expect("written");
    let back = read_public(&folder.path().join("public.pem")).expect("a public key");
    assert_eq!(back.id(), key.public().id());
}

#[test]
fn openssl_verifies_what_chappe_signs() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = create_plain_key(&folder.path().join("key.pem")).expect("generated");
    let signature = key.sign(b"a message").expect("signed");
    std::fs::write(folder.path().join("message"), b"a message").expect("written");
    std::fs::write(folder.path().join("signature"), signature).expect("written");
    let args = ["pkeyutl", "-verify", "-inkey", "key.pem", "-rawin"];
    let rest = ["-in", "message", "-sigfile", "signature"];
    let said = openssl(&[&args[..], &rest[..]].concat(), folder.path());
    assert!(said.is_none_or(|said| String::from_utf8_lossy(&said).contains("Verified")));
}

/// A file of this passphrase beside the key, and how openssl is told to read it.
const PASSPHRASE: &str = "correct horse battery";
const READ: &str = "file:passphrase";

fn with_passphrase(folder: &Path, text: &str) -> KeyFile {
    let file = folder.join("passphrase");
    std::fs::write(&file, text).expect("written");
    owner_only(&file);
    KeyFile::of_process(folder.join("key.pem"), Some(file))
}

/// The public half as openssl finds it in `key.pem`.
fn public_half(folder: &Path) -> Option<Vec<u8>> {
    openssl(&["pkey", "-in", "key.pem", "-passin", READ, "-pubout"], folder)
}

#[test]
#[allow(clippy::disallowed_methods, reason = "how long a passphrase takes is measured")]
fn an_encrypted_key_that_chappe_made_is_read_by_openssl_within_its_own_limits() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = with_passphrase(folder.path(), &format!("{PASSPHRASE}\n"));
    let key = create_key(&file.path, &Secret::new(PASSPHRASE.into())).expect("made");
    let text = std::fs::read_to_string(&file.path).expect("read");
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"), "{text}");
    let before = std::time::Instant::now();
    assert_eq!(file.read().expect("opened").public(), key.public());
    let took = before.elapsed();
    assert!(took < std::time::Duration::from_secs(5), "{took:?} to open a key");
    println!("opened in {took:?}");
    let Some(theirs) = public_half(folder.path()) else { return };
    assert_eq!(public_pem(key.public()).expect("a PEM").as_bytes(), theirs);
}

#[test]
fn every_form_in_which_openssl_encrypts_today_is_read() {
    let forms: [&[&str]; 4] = [
        &["-scrypt"],
        &["-v2", "aes-256-cbc"],
        &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA256", "-iter", "100000"],
        &["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA512"],
    ];
    for form in forms {
        let folder = tempfile::tempdir().expect("a folder");
        let file = with_passphrase(folder.path(), PASSPHRASE);
        let make = ["genpkey", "-algorithm", "ed25519", "-out", "plain.pem"];
        if openssl(&make, folder.path()).is_none() {
            return;
        }
        let to = ["pkcs8", "-topk8", "-in", "plain.pem", "-out", "key.pem", "-passout", READ];
        openssl(&[&to, form].concat(), folder.path());
        owner_only(&file.path);
        let theirs = public_half(folder.path()).expect("installed");
        let key = file.read().unwrap_or_else(|e| panic!("{form:?}: {e}"));
        assert_eq!(public_pem(key.public()).expect("a PEM").as_bytes(), theirs, "{form:?}");
    }
}

#[test]
fn openssl_changes_the_passphrase_as_the_guide_says() {
    let guide = include_str!("../../docs/OPERATIONS.md");
    let command = "openssl pkcs8 -topk8 -scrypt -in relay.pem -out relay.new.pem";
    assert!(guide.contains(command), "the guide says it otherwise");
    let folder = tempfile::tempdir().expect("a folder");
    let old = with_passphrase(folder.path(), PASSPHRASE);
    let key = create_key(&old.path, &Secret::new(PASSPHRASE.into())).expect("made");
    std::fs::write(folder.path().join("new"), "another passphrase\n").expect("written");
    let args = ["-topk8", "-scrypt", "-in", "key.pem", "-out", "new.pem"];
    let passes = ["-passin", READ, "-passout", "file:new"];
    let done = openssl(&[&["pkcs8"], &args[..], &passes[..]].concat(), folder.path());
    if done.is_none() {
        return;
    }
    owner_only(&folder.path().join("new"));
    owner_only(&folder.path().join("new.pem"));
    let new = |passphrase: &str| {
        let passphrase = folder.path().join(passphrase);
        KeyFile::of_process(folder.path().join("new.pem"), Some(passphrase)).read()
    };
    assert_eq!(new("new").expect("opened").public(), key.public());
    let wrong = KeyFileError::WrongPassphrase(folder.path().join("new.pem"));
    assert_eq!(new("passphrase").expect_err("the old one"), wrong);
}

#[test]
fn a_wrong_passphrase_is_told_with_the_name_of_the_key_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = with_passphrase(folder.path(), "not the passphrase");
    create_key(&file.path, &Secret::new(PASSPHRASE.into())).expect("made");
    let said = file.read().expect_err("refused").to_string();
    let name = file.path.display();
    assert_eq!(said, format!("{name}: the passphrase does not open this key"));
    let error = read_key(&file.path).expect_err("encrypted");
    assert_eq!(error, KeyFileError::NoPassphrase(file.path));
}

#[test]
fn what_is_encrypted_as_nobody_should_any_more_is_refused_by_that_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = with_passphrase(folder.path(), PASSPHRASE);
    let args = ["genpkey", "-algorithm", "ed25519", "-out", "plain.pem"];
    if openssl(&args, folder.path()).is_none() {
        return;
    }
    let to = ["pkcs8", "-topk8", "-in", "plain.pem", "-out", "key.pem", "-passout", READ];
    for form in [&["-v2", "des3"][..], &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"]] {
        openssl(&[&to, form].concat(), folder.path());
        owner_only(&file.path);
        let said = file.read().expect_err("refused").to_string();
        assert!(said.contains("scrypt or PBKDF2 with a SHA-2"), "{form:?}: {said}");
    }
}

#[test]
fn a_public_half_that_is_not_the_private_ones_is_refused() {
    use ed25519_dalek::pkcs8::{EncodePrivateKey as _, KeypairBytes, PublicKeyBytes};
    let folder = tempfile::tempdir().expect("a folder");
    let [own, other] = [[1; 32], [2; 32]].map(|seed| ed25519_dalek::SigningKey::from_bytes(&seed));
    let write = |name: &str, of: &ed25519_dalek::SigningKey| {
        let public_key = Some(PublicKeyBytes(of.verifying_key().to_bytes()));
        let pair = KeypairBytes { secret_key: own.to_bytes(), public_key };
        let pem = pair.to_pkcs8_pem(ed25519_dalek::pkcs8::spki::der::pem::LineEnding::LF);
        let path = folder.path().join(name);
        std::fs::write(&path, pem.expect("a PEM").as_bytes()).expect("written");
        owner_only(&path);
        path
    };
    let key = read_key(&write("good.pem", &own)).expect("both halves of one key");
    let path = write("bad.pem", &other);
    let said = read_key(&path).expect_err("refused").to_string();
    assert!(said.contains("bad.pem") && said.contains("public half"), "{said}");
    assert_eq!(key.sign(b"m").map(|s| s.len()), Ok(64));
}

#[test]
fn a_key_of_another_algorithm_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = ["genpkey", "-algorithm", "x25519", "-out", "x.pem"];
    if openssl(&args, folder.path()).is_none() {
        return;
    }
    let path = folder.path().join("x.pem");
    owner_only(&path);
    let error = read_key(&path).expect_err("another algorithm");
    assert!(error.to_string().contains("an Ed25519 key"), "{error}");
}

#[test]
fn a_public_key_is_also_read_as_jwk() {
    let folder = tempfile::tempdir().expect("a folder");
    let key = create_plain_key(&folder.path().join("key.pem")).expect("generated");
    let jwk = key.public().to_jwk();
    assert_eq!(from_base64url(&jwk.x).map(|x| x.len()), Some(32));
    let path = folder.path().join("key.jwk");
    std::fs::write(&path, serde_json::to_string(&jwk).expect("JSON")).expect("written");
    assert_eq!(read_public(&path).expect("a key").id(), key.public().id());
}
