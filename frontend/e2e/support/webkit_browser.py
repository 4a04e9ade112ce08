"""A WebKitGTK window that WebKitWebDriver controls: it grants the microphone, and plays sound.

Run by the distribution's own Python, which has GTK. Private, so that nothing outlives a test.
"""

import gi

gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
from gi.repository import Gtk, WebKit2

# Uncaught errors, from the first script on.
COMPLAINTS = """
window.complaints = [];
addEventListener("error", (event) => complaints.push(event.message));
addEventListener("unhandledrejection", (event) => complaints.push(String(event.reason)));
"""


def allow(_view: WebKit2.WebView, request: WebKit2.PermissionRequest) -> bool:
    """Answers the question for the microphone, and every other."""
    request.allow()
    return True


def main() -> None:
    """Opens the window; ends with it."""
    context = WebKit2.WebContext.new_ephemeral()
    context.set_automation_allowed(True)
    settings = WebKit2.Settings(
        enable_media_stream=True,
        # A click is needed, as in Safari.
        media_playback_requires_user_gesture=True,
        # No GPU is here.
        hardware_acceleration_policy=WebKit2.HardwareAccelerationPolicy.NEVER,
    )
    content = WebKit2.UserContentManager()
    content.add_script(
        WebKit2.UserScript(
            COMPLAINTS,
            WebKit2.UserContentInjectedFrames.TOP_FRAME,
            WebKit2.UserScriptInjectionTime.START,
        )
    )
    view = WebKit2.WebView(
        web_context=context,
        is_controlled_by_automation=True,
        settings=settings,
        user_content_manager=content,
    )
    view.connect("permission-request", allow)
    window = Gtk.Window(default_width=1000, default_height=900)
    window.add(view)
    window.connect("destroy", Gtk.main_quit)
    window.show_all()

    def automate(_context: WebKit2.WebContext, session: WebKit2.AutomationSession) -> None:
        info = WebKit2.ApplicationInfo()
        info.set_name("Tests")
        info.set_version(
            WebKit2.get_major_version(), WebKit2.get_minor_version(), WebKit2.get_micro_version()
        )
        session.set_application_info(info)
        session.connect("create-web-view", lambda _session: view)

    context.connect("automation-started", automate)
    Gtk.main()


main()
