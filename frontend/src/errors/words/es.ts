/** Español. */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "error.unreachable": "No se puede conectar con el servidor.",
  "error.invalid_message": "La solicitud no era válida. Recarga la página e inténtalo de nuevo.",
  "error.unsupported_version": "Esta página está desactualizada. Recárgala.",
  "error.unsupported_audio": "Este tipo de audio no se puede usar.",
  "error.invalid_audio": "Esta grabación no se puede usar.",
  "error.payload_too_large": "Esta grabación es demasiado grande.",
  "error.unauthenticated": "Vuelve a iniciar sesión.",
  "error.auth_unavailable":
    "Ahora no se pueden comprobar las sesiones. Inténtalo de nuevo en un momento.",
  "error.forbidden": "No tienes permiso para hacerlo.",
  "error.not_found": "Ya no existe.",
  "error.start_timeout": "La conexión tardó demasiado. Inténtalo de nuevo.",
  "error.idle_timeout": "No llegó sonido durante un rato.",
  "error.request_timeout": "La subida fue demasiado lenta. Inténtalo de nuevo.",
  "error.rate_limited": "Demasiadas solicitudes. Inténtalo de nuevo en un momento.",
  "error.request_in_progress": "Ya se está haciendo. Inténtalo de nuevo en un momento.",
  "error.storage_limit": "No hay sitio para otra voz. Elimina una primero.",
  "error.session_limit": "Ya estás grabando en otro lugar.",
  "error.quota_exceeded": "Has usado los minutos de hoy.",
  "error.budget_exceeded": "La transcripción está en pausa por hoy.",
  "error.max_duration": "No puede durar más. Empieza de nuevo para continuar.",
  "error.capacity": "El servidor está ocupado. Inténtalo de nuevo en un momento.",
  "error.draining": "El servidor se está reiniciando. Inténtalo de nuevo en un momento.",
  "error.transcription_disabled": "La transcripción está desactivada.",
  "error.provider_rejected": "El servicio de transcripción rechazó la grabación.",
  "error.provider_rate_limited":
    "El servicio de transcripción está ocupado. Inténtalo de nuevo en un momento.",
  "error.provider_unavailable":
    "No se puede conectar con el servicio de transcripción. Inténtalo de nuevo en un momento.",
  "error.own_key_required": "Necesitas tu propia clave de Mistral.",
  "error.own_key_refused": "Mistral rechazó tu clave.",
  "error.own_key_unreadable": "Tu clave de Mistral ya no se puede leer.",
  "error.ledger_unavailable":
    "Ahora no se pueden comprobar tus minutos. Inténtalo de nuevo en un momento.",
  "error.backend_unavailable":
    "Ahora no se puede acceder a los datos guardados. Inténtalo de nuevo en un momento.",
  "error.slow_consumer": "La conexión es demasiado lenta.",
  "error.internal": "Algo falló por nuestra parte. Inténtalo de nuevo.",
  "error.microphone_lost": "Se desconectó el micrófono.",
  "signIn.anonymous_provider_disabled": "Aquí no se puede continuar sin cuenta. Inicia sesión.",
  "signIn.away":
    "El servicio de inicio de sesión no responde bien. Inténtalo de nuevo en un momento.",
  "signIn.busy":
    "Hay demasiados inicios de sesión ahora mismo. Espera un minuto e inténtalo de nuevo.",
  "signIn.captcha_failed":
    "El servicio de inicio de sesión pide un captcha que esta página no puede mostrar. Avisa a sus responsables.",
  "signIn.email_address_invalid": "Esta dirección de correo no se puede usar.",
  "signIn.email_exists": "Ya hay una cuenta con este correo. Inicia sesión con ella.",
  "signIn.email_not_confirmed": "Sigue el enlace que te enviamos y luego inicia sesión.",
  "signIn.invalid_credentials": "El correo o la contraseña no son correctos.",
  "signIn.over_email_send_rate_limit": "Se enviaron demasiados correos. Espera unos minutos.",
  "signIn.refused":
    "El servicio de inicio de sesión lo rechazó. Inténtalo de nuevo o usa otra cuenta.",
  "signIn.same_password": "Esta es la contraseña que ya tienes.",
  "signIn.signup_disabled": "Aquí no se pueden crear cuentas nuevas.",
  "signIn.user_banned": "Esta cuenta está suspendida.",
  "signIn.weak_password": "Esta contraseña es demasiado fácil de adivinar. Usa una más larga.",
};
