<?php
// php -S 127.0.0.1:3000 index.php
$here = ($_SERVER["HTTP_X_FORWARDED_PROTO"] ?? "http") . "://" . $_SERVER["HTTP_HOST"];
$signed = $here . $_SERVER["REQUEST_URI"];
ksort($_POST);
foreach ($_POST as $name => $value) {
    $signed .= $name . $value;
}
$hash = base64_encode(hash_hmac("sha1", $signed, getenv("TWILIO_AUTH_TOKEN"), true));
if (!hash_equals($hash, $_SERVER["HTTP_X_TWILIO_SIGNATURE"] ?? "")) {
    http_response_code(403);
    exit;
}
header("Content-Type: text/xml");
if ($_SERVER["REQUEST_URI"] === "/voice") {
    echo "<Response><Gather numDigits=\"1\" action=\"$here/key\">",
        "<Say>Welcome, {$_POST['FromCountry']}.</Say></Gather></Response>";
} else {
    echo "<Response><Say>That was {$_POST['Digits']}.</Say></Response>";
}
