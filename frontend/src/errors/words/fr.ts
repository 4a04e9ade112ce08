/** Français. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "error.unreachable": "Le serveur est injoignable.",
  "error.invalid_message": "La requête est incorrecte. Rechargez la page, puis réessayez.",
  "error.unsupported_version": "Cette page n’est plus à jour. Rechargez-la.",
  "error.unsupported_audio": "Ce type d’audio n’est pas pris en charge.",
  "error.invalid_audio": "Cet enregistrement est inutilisable.",
  "error.payload_too_large": "Cet enregistrement est trop volumineux.",
  "error.unauthenticated": "Reconnectez-vous.",
  "error.auth_unavailable":
    "Impossible de vérifier les connexions pour le moment. Réessayez dans un instant.",
  "error.forbidden": "Vous n’avez pas le droit de faire cela.",
  "error.not_found": "Cet élément n’existe plus.",
  "error.start_timeout": "La connexion a pris trop de temps. Réessayez.",
  "error.idle_timeout": "Aucun son reçu depuis un moment.",
  "error.request_timeout": "L’envoi était trop lent. Réessayez.",
  "error.rate_limited": "Trop de requêtes. Réessayez dans un instant.",
  "error.request_in_progress": "C’est déjà en cours. Réessayez dans un instant.",
  "error.storage_limit": "Il n’y a plus de place pour une autre voix. Supprimez-en une d’abord.",
  "error.session_limit": "Un enregistrement est déjà en cours ailleurs.",
  "error.quota_exceeded": "Vous avez utilisé vos minutes du jour.",
  "error.budget_exceeded": "La transcription est suspendue pour aujourd’hui.",
  "error.max_duration": "La durée maximale est atteinte. Recommencez pour continuer.",
  "error.capacity": "Le serveur est occupé. Réessayez dans un instant.",
  "error.draining": "Le serveur redémarre. Réessayez dans un instant.",
  "error.transcription_disabled": "La transcription est désactivée.",
  "error.provider_rejected": "Le service de transcription a refusé l’enregistrement.",
  "error.provider_rate_limited":
    "Le service de transcription est occupé. Réessayez dans un instant.",
  "error.provider_unavailable":
    "Le service de transcription est injoignable. Réessayez dans un instant.",
  "error.own_key_required": "Il vous faut votre propre clé Mistral.",
  "error.own_key_refused": "Mistral a refusé votre clé.",
  "error.own_key_unreadable": "Votre clé Mistral n’est plus lisible.",
  "error.ledger_unavailable":
    "Impossible de vérifier vos minutes pour le moment. Réessayez dans un instant.",
  "error.backend_unavailable":
    "Les données enregistrées sont inaccessibles pour le moment. Réessayez dans un instant.",
  "error.slow_consumer": "La connexion est trop lente.",
  "error.internal": "Un problème est survenu de notre côté. Réessayez.",
  "error.microphone_lost": "Le micro a été débranché.",
  "signIn.anonymous_provider_disabled": "Ici, il faut un compte pour continuer. Connectez-vous.",
  "signIn.away": "Le service de connexion ne répond pas correctement. Réessayez dans un instant.",
  "signIn.busy": "Trop de connexions en ce moment. Attendez une minute, puis réessayez.",
  "signIn.captcha_failed":
    "Le service de connexion demande un captcha que cette page ne peut pas afficher. Prévenez ses responsables.",
  "signIn.email_address_invalid": "Cette adresse e-mail ne peut pas être utilisée.",
  "signIn.email_exists":
    "Un compte existe déjà avec cette adresse e-mail. Connectez-vous avec celui-ci.",
  "signIn.email_not_confirmed": "Suivez le lien que nous vous avons envoyé, puis connectez-vous.",
  "signIn.invalid_credentials": "L’adresse e-mail ou le mot de passe est incorrect.",
  "signIn.over_email_send_rate_limit":
    "Trop d’e-mails viennent d’être envoyés. Attendez quelques minutes.",
  "signIn.refused": "Le service de connexion a refusé. Réessayez, ou utilisez un autre compte.",
  "signIn.same_password": "C’est votre mot de passe actuel.",
  "signIn.signup_disabled": "La création de comptes est désactivée ici.",
  "signIn.user_banned": "Ce compte est suspendu.",
  "signIn.weak_password": "Ce mot de passe est trop facile à deviner. Choisissez-en un plus long.",
};
