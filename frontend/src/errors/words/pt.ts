/** Português (Brasil). */
import type { words as english } from "./en";

export const words: Record<keyof typeof english, string> = {
  "error.unreachable": "Não é possível acessar o servidor.",
  "error.invalid_message": "A solicitação é inválida. Recarregue a página e tente de novo.",
  "error.unsupported_version": "Esta página está desatualizada. Recarregue-a.",
  "error.unsupported_audio": "Este tipo de áudio não pode ser usado.",
  "error.invalid_audio": "Esta gravação não pode ser usada.",
  "error.payload_too_large": "Esta gravação é grande demais.",
  "error.unauthenticated": "Entre novamente.",
  "error.auth_unavailable":
    "Não é possível verificar os acessos agora. Tente de novo em instantes.",
  "error.forbidden": "Você não tem permissão para isso.",
  "error.not_found": "Isso não existe mais.",
  "error.start_timeout": "A conexão demorou demais. Tente de novo.",
  "error.idle_timeout": "Nenhum som chegou por um tempo.",
  "error.request_timeout": "O envio foi lento demais. Tente de novo.",
  "error.rate_limited": "Solicitações demais. Tente de novo em instantes.",
  "error.request_in_progress": "Isso já está em andamento. Tente de novo em instantes.",
  "error.storage_limit": "Não há espaço para outra voz. Exclua uma antes.",
  "error.session_limit": "Você já está gravando em outro lugar.",
  "error.quota_exceeded": "Você usou os minutos de hoje.",
  "error.budget_exceeded": "A transcrição está suspensa por hoje.",
  "error.max_duration": "A duração máxima foi atingida. Comece de novo para continuar.",
  "error.capacity": "O servidor está ocupado. Tente de novo em instantes.",
  "error.draining": "O servidor está reiniciando. Tente de novo em instantes.",
  "error.transcription_disabled": "A transcrição está desativada.",
  "error.provider_rejected": "O serviço de transcrição recusou a gravação.",
  "error.provider_rate_limited":
    "O serviço de transcrição está ocupado. Tente de novo em instantes.",
  "error.provider_unavailable":
    "Não é possível acessar o serviço de transcrição. Tente de novo em instantes.",
  "error.own_key_required": "Você precisa da sua própria chave da Mistral.",
  "error.own_key_refused": "A Mistral recusou a sua chave.",
  "error.own_key_unreadable": "A sua chave da Mistral não pode mais ser lida.",
  "error.ledger_unavailable":
    "Não é possível verificar os seus minutos agora. Tente de novo em instantes.",
  "error.backend_unavailable":
    "Não é possível acessar os dados salvos agora. Tente de novo em instantes.",
  "error.slow_consumer": "A conexão está lenta demais.",
  "error.internal": "Algo deu errado do nosso lado. Tente de novo.",
  "error.microphone_lost": "O microfone foi desconectado.",
  "signIn.anonymous_provider_disabled": "Aqui não dá para continuar sem conta. Entre.",
  "signIn.away": "O serviço de login não responde como deveria. Tente de novo em instantes.",
  "signIn.busy": "Há acessos demais agora. Espere um minuto e tente de novo.",
  "signIn.captcha_failed":
    "O serviço de login pede um captcha que esta página não pode mostrar. Avise os responsáveis.",
  "signIn.email_address_invalid": "Este e-mail não pode ser usado.",
  "signIn.email_exists": "Já existe uma conta com este e-mail. Entre com ela.",
  "signIn.email_not_confirmed": "Siga o link que enviamos e depois entre.",
  "signIn.invalid_credentials": "O e-mail ou a senha está incorreto.",
  "signIn.over_email_send_rate_limit":
    "Muitos e-mails foram enviados agora. Espere alguns minutos.",
  "signIn.refused": "O serviço de login recusou. Tente de novo ou use outra conta.",
  "signIn.same_password": "Esta já é a sua senha.",
  "signIn.signup_disabled": "A criação de contas está desativada aqui.",
  "signIn.user_banned": "Esta conta está suspensa.",
  "signIn.weak_password": "Esta senha é fácil demais de adivinhar. Use uma mais longa.",
};
