"""Sound to spectrogram image and back."""
