{# What every generated function shares. Brian2's own templates extend this one by its name: `maincode` is theirs. #}
{% macro before_run_cpp_file() %}
{% block before_code %}EMPTY_CODE_BLOCK{% endblock %}
{% endmacro %}

{% macro after_run_cpp_file() %}
{% block after_code %}EMPTY_CODE_BLOCK{% endblock %}
{% endmacro %}

{% macro cpp_file() %}
{{support_code_lines|autoindent}}
{{hashdefine_lines|autoindent}}
static void run(Call& _a)
{
    {{pointers_lines|autoindent}}
    {% if uses_random %}
    draw_from(_a.stream_of(0));
    {% endif %}
    {% block maincode %}
    {% endblock %}
}
{% endmacro %}
