/** Deutsch. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "error.unreachable": "Der Server ist nicht erreichbar.",
  "error.invalid_message":
    "Die Anfrage war fehlerhaft. Lade die Seite neu und versuche es noch einmal.",
  "error.unsupported_version": "Diese Seite ist veraltet. Lade sie neu.",
  "error.unsupported_audio": "Dieses Audioformat wird nicht unterstützt.",
  "error.invalid_audio": "Diese Aufnahme kann nicht verwendet werden.",
  "error.payload_too_large": "Diese Aufnahme ist zu groß.",
  "error.unauthenticated": "Bitte melde dich erneut an.",
  "error.auth_unavailable":
    "Anmeldungen können gerade nicht geprüft werden. Versuche es gleich noch einmal.",
  "error.forbidden": "Das ist dir nicht erlaubt.",
  "error.not_found": "Das gibt es nicht mehr.",
  "error.start_timeout": "Die Verbindung hat zu lange gedauert. Versuche es noch einmal.",
  "error.idle_timeout": "Es kam eine Weile kein Ton.",
  "error.request_timeout": "Der Upload war zu langsam. Versuche es noch einmal.",
  "error.rate_limited": "Zu viele Anfragen. Versuche es gleich noch einmal.",
  "error.request_in_progress": "Das läuft bereits. Versuche es gleich noch einmal.",
  "error.storage_limit": "Für eine weitere Stimme ist kein Platz. Lösche zuerst eine.",
  "error.session_limit": "Du nimmst bereits woanders auf.",
  "error.quota_exceeded": "Deine Minuten für heute sind aufgebraucht.",
  "error.budget_exceeded": "Die Transkription ist für heute ausgesetzt.",
  "error.max_duration": "Länger geht es nicht. Starte neu, um weiterzumachen.",
  "error.capacity": "Der Server ist ausgelastet. Versuche es gleich noch einmal.",
  "error.draining": "Der Server startet neu. Versuche es gleich noch einmal.",
  "error.transcription_disabled": "Die Transkription ist ausgeschaltet.",
  "error.provider_rejected": "Der Transkriptionsdienst hat die Aufnahme abgelehnt.",
  "error.provider_rate_limited":
    "Der Transkriptionsdienst ist ausgelastet. Versuche es gleich noch einmal.",
  "error.provider_unavailable":
    "Der Transkriptionsdienst ist nicht erreichbar. Versuche es gleich noch einmal.",
  "error.own_key_required": "Du brauchst einen eigenen Mistral-Schlüssel.",
  "error.own_key_refused": "Mistral hat deinen Schlüssel abgelehnt.",
  "error.own_key_unreadable": "Dein Mistral-Schlüssel ist nicht mehr lesbar.",
  "error.ledger_unavailable":
    "Deine Minuten können gerade nicht geprüft werden. Versuche es gleich noch einmal.",
  "error.backend_unavailable":
    "Gespeicherte Daten sind gerade nicht erreichbar. Versuche es gleich noch einmal.",
  "error.slow_consumer": "Die Verbindung ist zu langsam.",
  "error.internal": "Bei uns ist etwas schiefgelaufen. Versuche es noch einmal.",
  "error.microphone_lost": "Das Mikrofon wurde getrennt.",
  "signIn.anonymous_provider_disabled": "Ohne Konto geht es hier nicht weiter. Melde dich an.",
  "signIn.away": "Der Anmeldedienst antwortet nicht richtig. Versuche es gleich noch einmal.",
  "signIn.busy": "Gerade melden sich zu viele an. Warte eine Minute und versuche es noch einmal.",
  "signIn.captcha_failed":
    "Der Anmeldedienst verlangt ein Captcha, das diese Seite nicht zeigen kann. Sag den Betreibern Bescheid.",
  "signIn.email_address_invalid": "Diese E-Mail-Adresse kann nicht verwendet werden.",
  "signIn.email_exists": "Zu dieser E-Mail-Adresse gibt es schon ein Konto. Melde dich damit an.",
  "signIn.email_not_confirmed": "Folge dem Link in unserer E-Mail und melde dich dann an.",
  "signIn.invalid_credentials": "E-Mail-Adresse oder Passwort ist falsch.",
  "signIn.over_email_send_rate_limit":
    "Gerade wurden zu viele E-Mails verschickt. Warte ein paar Minuten.",
  "signIn.refused":
    "Der Anmeldedienst hat abgelehnt. Versuche es noch einmal oder mit einem anderen Konto.",
  "signIn.same_password": "Das ist dein bisheriges Passwort.",
  "signIn.signup_disabled": "Neue Konten sind hier ausgeschaltet.",
  "signIn.user_banned": "Dieses Konto ist gesperrt.",
  "signIn.weak_password": "Dieses Passwort ist zu leicht zu erraten. Nimm ein längeres.",
};
